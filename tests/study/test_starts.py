"""Initialisations: closed forms, and what each may depend on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from study.data.starts import INITIALISATIONS, Initialisation, start

UNIT = np.array([0.6, -0.8, 0.0])
SCALES = st.floats(0.01, 100.0)


def test_zero_is_zero() -> None:
    assert (start("zero", 0.0, UNIT, 3, 0) == np.zeros(3)).all()


@given(SCALES)
def test_wrong_and_right_lie_on_the_direction(scale: float) -> None:
    assert start("right", scale, UNIT, 0, 0) == pytest.approx(scale * UNIT)
    assert (start("wrong", scale, UNIT, 0, 0) == -start("right", scale, UNIT, 0, 0)).all()


def test_wrong_is_wrong_on_every_sample_of_separable_data() -> None:
    from study.config.model import load
    from study.data.facts import facts
    from study.data.kinds import realise

    options = load({"datasets": [{"name": "separable"}]}).datasets[0]
    features, labels = realise(options, 1.0, 0, 0)
    theta = start("wrong", 4.0, facts(features, labels).direction, 0, 0)
    assert ((2 * labels - 1) * (features @ theta) < 0).all()


@given(SCALES, st.integers(0, 100))
def test_normal_is_the_same_draw_at_every_scale(scale: float, seed: int) -> None:
    assert (start("normal", scale, UNIT, seed, 0) == scale * start("normal", 1.0, UNIT, seed, 0)).all()


@pytest.mark.parametrize("name", INITIALISATIONS)
def test_a_start_depends_on_seed_and_root_if_it_is_random_and_never_on_order(name: str) -> None:
    first = start(name, 1.0, UNIT, 5, 0)
    others = [start(name, 1.0, UNIT, seed, root) for seed, root in ((6, 0), (5, 1))]
    assert (start(name, 1.0, UNIT, 5, 0) == first).all()
    for other in others:
        assert (other == first).all() == (name != "normal")


def test_normal_does_not_look_at_the_data() -> None:
    assert (start("normal", 1.0, UNIT, 5, 0) == start("normal", 1.0, -UNIT, 5, 0)).all()


def test_normal_is_normal_over_seeds() -> None:
    draws = np.array([start("normal", 2.0, UNIT, seed, 0) for seed in range(2000)])
    assert stats.kstest(draws.ravel() / 2.0, "norm").pvalue > 1e-3
    assert np.abs(np.corrcoef(draws.T) - np.eye(3)).max() < 4 / np.sqrt(2000)


def test_an_initialisation_is_added_by_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    from study.config.model import load

    monkeypatch.setitem(INITIALISATIONS, "ones", Initialisation("ones", lambda a, u, _: a * np.ones_like(u)))
    config = load({"initialisations": [{"name": "ones", "scales": [2]}]})
    assert config.initialisations[0].scales == (2.0,)
    assert (start("ones", 2.0, UNIT, 0, 0) == 2.0).all()
