"""Initialisations: closed forms, and what each may depend on."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from study.data.starts import INITIALISATIONS, Aim, Initialisation, InitialisationOptions, start, starts_of

UNIT = np.array([0.6, -0.8, 0.0])
AIM = Aim(UNIT, 1.5)
SCALES = st.floats(0.01, 100.0)


def test_zero_is_zero() -> None:
    assert (start("zero", 0.0, AIM, 3, 0) == np.zeros(3)).all()


@given(SCALES)
def test_wrong_and_right_lie_on_the_direction(scale: float) -> None:
    assert start("right", scale, AIM, 0, 0) == pytest.approx(scale * UNIT)
    assert (start("wrong", scale, AIM, 0, 0) == -start("right", scale, AIM, 0, 0)).all()


def test_wrong_is_wrong_on_every_sample_of_separable_data() -> None:
    from study.config.model import load
    from study.data.facts import facts
    from study.data.kinds import realise

    options = load({"datasets": [{"name": "separable"}]}).datasets[0]
    features, labels = realise(options, 1.0, 0, 0)
    theta = start("wrong", 4.0, Aim(facts(features, labels).direction, 1.0), 0, 0)
    assert ((2 * labels - 1) * (features @ theta) < 0).all()


def _median_probability(features: np.ndarray, labels: np.ndarray, theta: np.ndarray) -> float:
    """Probability that the sample of median margin gives its own class, in plain NumPy."""
    logits = features @ theta
    margins = np.sort(np.where(labels == 1, logits, -logits))
    n = len(margins)
    return float(1 / (1 + np.exp(-(margins[(n - 1) // 2] + margins[n // 2]) / 2)))


@pytest.mark.parametrize("confidence", [0.500001, 0.9, 0.999, 0.9999, 1 - 1e-12])
@pytest.mark.parametrize(
    ("entry", "level"),
    [
        ({"name": "gaussian", "n": 60}, 2.0),
        ({"name": "gaussian", "n": 61, "d": 5, "imbalance": 0.2}, 1.0),
        ({"name": "separable"}, 0.5),
        ({"name": "digits_0_1"}, None),
        ({"name": "breast_cancer_means"}, None),
    ],
    ids=lambda value: value["name"] if isinstance(value, dict) else "",
)
def test_sure_starts_give_the_median_sample_their_probability(
    entry: dict[str, Any], level: float | None, confidence: float
) -> None:
    features, labels, aim = _drawn(tuple(entry.items()), level)
    wrong, right = (start(name, confidence, aim, 0, 0) for name in ("sure_wrong", "sure_right"))
    # The direction has nine digits, so a logit of 28 is wrong by 3e-8.
    odds = confidence / (1 - confidence)
    found = _median_probability(features, labels, wrong)
    assert (1 - found) / found == pytest.approx(odds, rel=1e-6)
    found = _median_probability(features, labels, -right)
    assert (1 - found) / found == pytest.approx(odds, rel=1e-6)
    assert (wrong == -right).all()


@functools.cache
def _drawn(entry: tuple[tuple[str, Any], ...], level: float | None) -> tuple[np.ndarray, np.ndarray, Aim]:
    from study.config.model import load
    from study.data.facts import facts
    from study.data.kinds import realise

    features, labels = realise(load({"datasets": [dict(entry)]}).datasets[0], level, 0, 0)
    found = facts(features, labels)
    return features, labels, Aim(found.direction, found.median_margin)


def test_sure_starts_do_not_depend_on_how_far_apart_the_classes_are() -> None:
    near, far = (start("sure_wrong", 0.99, Aim(UNIT, margin), 0, 0) for margin in (0.5, 8.0))
    assert near * 0.5 == pytest.approx(far * 8.0)
    assert np.linalg.norm(far) * 8.0 == pytest.approx(math.log(99))


def test_a_start_is_for_the_data_sets_it_names_in_the_order_of_the_config() -> None:
    options = [
        InitialisationOptions(name="wrong", scales=(2.0, 1.0), datasets=("b",)),
        InitialisationOptions(name="zero"),
    ]
    assert starts_of(options, "a") == [("zero", 0.0)]
    assert starts_of(options, "b") == [("wrong", 2.0), ("wrong", 1.0), ("zero", 0.0)]


@given(SCALES, st.integers(0, 100))
def test_normal_is_the_same_draw_at_every_scale(scale: float, seed: int) -> None:
    assert (start("normal", scale, AIM, seed, 0) == scale * start("normal", 1.0, AIM, seed, 0)).all()


@pytest.mark.parametrize("name", INITIALISATIONS)
def test_a_start_depends_on_seed_and_root_if_it_is_random_and_never_on_order(name: str) -> None:
    scale = 0.75 if INITIALISATIONS[name].sure else 1.0
    first = start(name, scale, AIM, 5, 0)
    others = [start(name, scale, AIM, seed, root) for seed, root in ((6, 0), (5, 1))]
    assert (start(name, scale, AIM, 5, 0) == first).all()
    for other in others:
        assert (other == first).all() == (name != "normal")


def test_normal_does_not_look_at_the_data() -> None:
    assert (start("normal", 1.0, AIM, 5, 0) == start("normal", 1.0, Aim(-UNIT, 0.1), 5, 0)).all()


def test_normal_is_normal_over_seeds() -> None:
    draws = np.array([start("normal", 2.0, AIM, seed, 0) for seed in range(2000)])
    assert stats.kstest(draws.ravel() / 2.0, "norm").pvalue > 1e-3
    assert np.abs(np.corrcoef(draws.T) - np.eye(3)).max() < 4 / np.sqrt(2000)


def test_an_initialisation_is_added_by_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    from study.config.model import load

    monkeypatch.setitem(
        INITIALISATIONS, "ones", Initialisation("ones", lambda a, aim, _: a * np.ones_like(aim.direction))
    )
    config = load({"initialisations": [{"name": "ones", "scales": [2]}]})
    assert config.initialisations[0].scales == (2.0,)
    assert (start("ones", 2.0, AIM, 0, 0) == 2.0).all()
