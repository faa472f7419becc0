"""Data sets: draws, the user's file, the table; against scikit-learn, closed forms and large samples."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from study.catalogue import TABLES
from study.config.model import load
from study.data.kinds import KINDS, REAL, DatasetOptions, realise
from study.data.samples import sample
from study.errors import UserError
from study.runs.draw import build

ROOT = Path(__file__).parents[2]


def _options(name: str, **options: Any) -> DatasetOptions:
    return load({"datasets": [{"name": name, **options}]}).datasets[0]


# --- the draws


@settings(deadline=None)
@given(
    st.tuples(st.integers(4, 60), st.integers(1, 4)),
    st.floats(0.001, 0.999),
    st.floats(0.0, 0.499),
    st.floats(0.1, 9.0),
    st.integers(0, 9),
)
def test_a_gaussian_pair_has_the_requested_shape_and_share(
    size: tuple[int, int], imbalance: float, noise: float, separability: float, seed: int
) -> None:
    n, d = size
    options = _options("gaussian", n=n, d=d, imbalance=imbalance, label_noise=noise)
    features, labels = realise(options, separability, seed, 0)
    assert features.shape == (n, d + 1)
    assert features.dtype == np.float64
    assert features.flags.c_contiguous
    assert (features[:, -1] == 1.0).all()
    assert set(np.unique(labels)) == {0, 1}
    assert min(labels.sum(), n - labels.sum()) >= 2
    if noise == 0.0 and 2 <= round(imbalance * n) <= n - 2:
        assert labels.sum() == round(imbalance * n)


def test_a_gaussian_pair_has_its_means_and_unit_covariance() -> None:
    features, labels = realise(_options("gaussian", n=100_000, d=3), 2.0, 0, 0)
    for label, mean in ((0, -1.0), (1, 1.0)):
        rows = features[labels == label, :-1]
        assert rows.mean(axis=0) == pytest.approx([mean, 0, 0], abs=4 / math.sqrt(50_000))
        assert np.cov(rows.T) == pytest.approx(np.eye(3), abs=4 * math.sqrt(2 / 50_000))


@pytest.mark.parametrize(
    ("separability", "imbalance", "noise"),
    [(1.0, 0.5, 0.0), (4.0, 0.5, 0.0), (2.0, 0.1, 0.0), (2.0, 0.7, 0.2), (3.0, 0.5, 0.1)],
)
def test_the_bayes_error_is_that_of_the_best_rule_on_a_large_sample(
    separability: float, imbalance: float, noise: float
) -> None:
    n = 400_000
    options = _options("gaussian", n=n, d=1, imbalance=imbalance, label_noise=noise)
    features, labels = realise(options, separability, 0, 0)
    x = features[:, 0]
    densities = norm.pdf(x - separability / 2) * imbalance, norm.pdf(x + separability / 2) * (1 - imbalance)
    wrong = ((densities[0] > densities[1]) != (labels == 1)).mean()
    assert options.bayes_error(separability) == pytest.approx(wrong, abs=4 * math.sqrt(0.25 / n))


@pytest.mark.parametrize("separability", [0.5, 1.0, 2.0, 6.0])
def test_the_bayes_error_of_a_balanced_pair_is_phi_of_minus_mu(separability: float) -> None:
    assert _options("gaussian").bayes_error(separability) == pytest.approx(
        norm.cdf(-separability / 2), rel=1e-12
    )


@settings(deadline=None)
@given(st.integers(4, 60), st.integers(1, 4), st.floats(0.01, 9.0), st.integers(0, 9))
def test_a_hard_margin_is_kept(n: int, d: int, separability: float, seed: int) -> None:
    features, labels = realise(_options("separable", n=n, d=d), separability, seed, 0)
    assert ((2 * labels - 1) * features[:, 0]).min() >= separability / 2


def test_a_draw_depends_on_name_separability_seed_and_root_only() -> None:
    first = realise(_options("gaussian", separability=[2, 4]), 2.0, 3, 0)[0]
    assert (realise(_options("gaussian", separability=[2]), 2.0, 3, 0)[0] == first).all()
    for name, separability, seed, root in (
        ("other", 2.0, 3, 0),
        ("gaussian", 4.0, 3, 0),
        ("gaussian", 2.0, 4, 0),
        ("gaussian", 2.0, 3, 1),
    ):
        other = realise(_options(name, kind="gaussian"), separability, seed, root)[0]
        assert (other[:, 1] != first[:, 1]).all()


@pytest.mark.parametrize(
    "name", ["breast_cancer", "iris_versicolor_virginica", "wine_1_2", "digits_1_8", "breast_cancer_means"]
)
def test_a_real_set_is_standardised_and_each_seed_draws_its_share(name: str) -> None:
    everything, labels = realise(_options(name, fraction=1.0), None, 0, 0)
    assert everything[:, :-1].mean(axis=0) == pytest.approx(0.0, abs=1e-12)
    assert everything[:, :-1].std(axis=0) == pytest.approx(1.0, rel=1e-12)
    shares = [realise(_options(name, fraction=0.8), None, seed, 0) for seed in (0, 1)]
    for features, chosen in shares:
        assert chosen.sum() == round(0.8 * labels.sum())
        assert (1 - chosen).sum() == round(0.8 * (1 - labels).sum())
        assert {tuple(row) for row in features} <= {tuple(row) for row in everything}
    assert not np.array_equal(shares[0][0], shares[1][0])


def test_real_sets_are_those_of_scikit_learn() -> None:
    from sklearn.datasets import load_breast_cancer, load_digits
    from sklearn.preprocessing import StandardScaler

    bunch = load_breast_cancer()
    features, labels = realise(_options("breast_cancer", fraction=1.0), None, 0, 0)
    assert features[:, :-1] == pytest.approx(StandardScaler().fit_transform(bunch.data), abs=1e-9)
    assert (labels == bunch.target).all()
    digits = load_digits()
    labels = realise(_options("digits_3_8", fraction=1.0), None, 0, 0)[1]
    assert labels.sum() == (digits.target == 8).sum()
    assert len(labels) == np.isin(digits.target, [3, 8]).sum()


def test_every_bundled_set_can_be_drawn_and_has_two_classes() -> None:
    for name in REAL:
        features, labels = realise(_options(name), None, 0, 0)
        assert np.isfinite(features).all()
        assert 0 < labels.sum() < len(labels)


# --- the user's own file

GOOD = pd.DataFrame({"a": [1.0, 2, 3, 4, 5, 7], "b": [3, 1, 4, 1, 5, 9], "label": [0, 1, 0, 1, 1, 0]})


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("kind", ["int64", "bool", "float64"])
def test_a_file_becomes_a_data_set(tmp_path: Path, suffix: str, kind: str) -> None:
    path = tmp_path / f"mine{suffix}"
    frame = GOOD.assign(label=GOOD["label"].astype(kind))
    frame.to_csv(path, index=False) if suffix == ".csv" else frame.to_parquet(path)
    features, labels = realise(_options("mine", file=str(path), fraction=1.0), None, 0, 0)
    raw = GOOD[["a", "b"]].to_numpy(dtype=float)
    assert features[:, :-1] == pytest.approx((raw - raw.mean(axis=0)) / raw.std(axis=0))
    assert (labels == GOOD["label"]).all()


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("one class", {"label": [1] * 6}, "the label has one value only: '1' (6 times); allowed: two different"),
    ("one sample", {"label": [1, 0, 0, 0, 0, 0]}, "'label': 1 positive samples (positive: 1)"),
    ("label 2", {"label": [0, 1, 2, 1, 0, 0]}, "the label has 3 different values: '0' (3 times)"),
    (
        "text label",
        {"label": ["n", "y", "n", "y", "n", "y"]},
        "'label': the label's values are 'n' and 'y'; write `positive: y` (or n)",
    ),
    ("no label", {"label": [0, 1, None, 1, 0, 0]}, "'label': no value in {3}; allowed: a label for every"),
    ("nan", {"a": [1, 2, math.nan, 4, 5, 6]}, "'a': no value in {3} (1 of 6 missing); write `missing: drop`"),
    ("inf", {"b": [1, 2, 3, math.inf, 5, 6]}, "'b': not finite: inf in {4}; allowed: finite numbers"),
    (
        "a word",
        {"b": ["1", "2", "x", "4", "5", "6"]},
        "'b': not numbers, as the other values are: 'x' in {3}; allowed: numbers; mend them, or write `drop",
    ),
    ("constant", {"a": [2.5] * 6, "b": [1] * 6}, "every feature column is constant; allowed: one or more"),
]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize(("columns", "message"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_a_bad_file_is_reported_by_name_column_and_rule(
    tmp_path: Path, suffix: str, columns: dict[str, Any], message: str
) -> None:
    path = tmp_path / f"bad{suffix}"
    frame = GOOD.assign(**columns)
    frame.to_csv(path, index=False) if suffix == ".csv" else frame.to_parquet(path)
    with pytest.raises(UserError) as error:
        realise(_options("mine", file=str(path)), None, 0, 0)
    place = "line {0}" if suffix == ".csv" else "row {0}"
    said = re.sub(r"{(\d)}", lambda row: place.format(int(row[1]) + (suffix == ".csv")), message)
    assert str(path) in str(error.value)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    def message(path: Path, **options: str) -> str:
        with pytest.raises(UserError) as error:
            realise(_options("mine", file=str(path), **options), None, 0, 0)
        assert "\n" not in str(error.value)
        return str(error.value)

    assert "no such file" in message(tmp_path / "none.csv")
    assert "allowed: .csv, .tsv, .txt," in message(tmp_path / "data.pkl")
    (tmp_path / "empty.csv").write_text("")
    assert "cannot be read: it is empty" in message(tmp_path / "empty.csv")
    (tmp_path / "junk.parquet").write_bytes(b"junk")
    assert "cannot be read as parquet" in message(tmp_path / "junk.parquet")
    GOOD.to_csv(tmp_path / "good.csv", index=False)
    assert "no column 'y'; allowed as `label`: 'a', 'b', 'label'" in message(tmp_path / "good.csv", label="y")
    GOOD[["label"]].to_csv(tmp_path / "bare.csv", index=False)
    assert "no feature column" in message(tmp_path / "bare.csv")


def test_a_message_cannot_carry_control_characters_of_a_file_to_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    for header in ('"a\nb"', "\x1b[31ma", "a\x0b", "a\u2028b", "a\x85"):
        path.write_text(f"{header},label\n1,0\n1,0\n1,1\n1,1\n", encoding="utf-8")
        for label in ("label", "none"):
            with pytest.raises(UserError) as error:
                realise(_options("mine", file=str(path), label=label), None, 0, 0)
            assert str(error.value).isprintable(), header


# --- the table

SMALL: dict[str, Any] = {
    "seeds": [0, 1, 1000],
    "datasets": [
        {"name": "gaussian", "separability": [1, 6], "n": 40},
        {"name": "iris_versicolor_virginica"},
    ],
}


def test_the_table_has_a_row_per_data_set_separability_and_seed() -> None:
    table, arrays = build(load(SMALL))
    assert list(table) == list(TABLES["datasets"].dtypes)
    assert table["data"].tolist() == list(range(9))
    assert table["seed"].tolist() == [0, 1, 1000] * 3
    assert table["bayes_error"].round(6).tolist()[:4] == [round(norm.cdf(-0.5), 6)] * 3 + [
        round(norm.cdf(-3), 6)
    ]
    assert table["separability"].isna().tolist() == [False] * 6 + [True] * 3
    for row in table.itertuples(index=False):
        drawn = sample(arrays, int(row.data))
        assert drawn.features.shape == (row.n, row.d)
        assert drawn.labels.sum() == row.positives
        assert drawn.direction.shape == (row.d,)
        assert drawn.aim.median_margin == row.median_margin
        margins = (2 * drawn.labels - 1) * (drawn.features @ drawn.direction)
        assert row.median_margin == pytest.approx(np.median(margins), rel=1e-8)


def test_arrays_survive_a_file(tmp_path: Path) -> None:
    _, arrays = build(load(SMALL))
    np.savez(tmp_path / "arrays.npz", **arrays)  # type: ignore[arg-type]
    with np.load(tmp_path / "arrays.npz") as archive:
        for before, after in zip(sample(arrays, 4), sample(archive, 4), strict=True):
            assert (before == after).all()


def test_a_start_along_a_direction_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    square = pd.DataFrame({"a": [0, 1, 0, 1] * 3, "b": [0, 1, 1, 0] * 3, "label": [0, 0, 1, 1] * 3})
    square.to_csv(tmp_path / "corners.csv", index=False)
    entry = {"name": "corners", "file": str(tmp_path / "corners.csv"), "fraction": 1.0}
    wrong = [{"name": "wrong", "scales": [1]}, {"name": "sure_right", "scales": [0.9]}]
    with pytest.raises(
        UserError,
        match=r"sure_right and wrong need a direction, but data set 'corners' \(seed 0\) has none",
    ):
        build(load({"datasets": [entry], "initialisations": wrong}))
    elsewhere = [{"name": "zero"}, *(start | {"datasets": ["wine_0_1"]} for start in wrong)]
    pair = [entry, {"name": "wine_0_1"}]
    table, _ = build(load({"seeds": 1, "datasets": pair, "initialisations": elsewhere}))
    assert table["mse_brier"].tolist() == [0.25, 0.0]
    assert table["target_brier"].isna().tolist() == [True, False]


def test_a_sure_start_where_the_median_sample_is_wrong_is_refused(tmp_path: Path) -> None:
    # BCE's optimum goes with the few samples that lie far out, against the many near 0: x = 0 and bias 0.
    x = [*[-0.01] * 14, *[0.01] * 14, 8.0, 8.0, -8.0, -8.0]
    label = [*[1] * 14, *[0] * 14, 1, 1, 0, 0]
    pd.DataFrame({"x": x, "label": label}).to_csv(tmp_path / "odd.csv", index=False)
    entry = {"name": "odd", "file": str(tmp_path / "odd.csv"), "fraction": 1.0}
    sure = [{"name": "sure_wrong", "scales": [0.9]}]
    with pytest.raises(UserError) as error:
        build(load({"datasets": [entry], "initialisations": sure}))
    said = str(error.value)
    assert said.startswith(
        "initialisations: sure_wrong need a direction that puts more than half of the samples"
    )
    assert "data set 'odd' (seed 0) has none; allowed there: any other" in said
    table, _ = build(
        load({"seeds": 1, "datasets": [entry], "initialisations": [{"name": "wrong", "scales": [1]}]})
    )
    assert (table["median_margin"] < 0).all()


def test_a_data_set_is_added_by_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    def four() -> tuple[np.ndarray, np.ndarray]:
        return np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1])

    monkeypatch.setitem(REAL, "four", four)
    monkeypatch.setitem(KINDS, "four", KINDS["breast_cancer"])
    features, labels = realise(_options("four"), None, 0, 0)
    assert features[:, 0] == pytest.approx((np.arange(4) - 1.5) / np.sqrt(1.25))
    assert labels.tolist() == [0, 0, 1, 1]


DIGEST = """
import hashlib
from study.config.model import load
from study.runs.draw import build
names = ["breast_cancer", "breast_cancer_means", "digits_1_8", "iris_versicolor_virginica"]
datasets = [
    {"name": "gaussian"},
    {"name": "wide", "kind": "gaussian", "n": 60, "d": 10, "separability": [1, 2]},  # MSE's optimum: infinity
    {"name": "few", "kind": "gaussian", "n": 30, "d": 5, "label_noise": 0.1, "separability": [1]},
    *({"name": name} for name in names),
]
table, arrays = build(load({"seeds": 2, "datasets": datasets}))
digest = hashlib.sha256(table.to_csv().encode())
for name in sorted(arrays):
    digest.update(arrays[name].tobytes())
print(digest.hexdigest())
"""


@pytest.mark.processes
def test_tables_and_arrays_are_the_same_bytes_whatever_the_processor_can_do() -> None:
    def digest(**environment: str) -> str:
        path = os.pathsep.join([str(ROOT), str(ROOT / "workflow")])
        run = subprocess.run(
            [sys.executable, "-c", DIGEST],
            env={**os.environ, "PYTHONPATH": path, **environment},
            capture_output=True,
            text=True,
            check=True,
        )
        return run.stdout.strip()

    old = {"OPENBLAS_CORETYPE": "Prescott", "OPENBLAS_NUM_THREADS": "1", "NUMBA_CPU_NAME": "x86-64"}
    assert digest() == digest(**old)
