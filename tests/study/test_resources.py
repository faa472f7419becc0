"""Time limits: never less than the kernels' own estimate, growing with the work."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from study.catalogue import TABLES
from study.config import model as config
from study.runs import draw, resources
from study.tables import store

SMALL: dict[str, Any] = {
    "seeds": 3,
    "datasets": [{"name": "gaussian", "separability": [2], "n": 1000, "d": 4}],
    "initialisations": [{"name": "zero"}],
    "learning_rates": [1],
    "max_steps": 100_000_000,
    "shards": 3,
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "datasets.parquet"
    store.write(draw.build(config.load(SMALL))[0], TABLES["datasets"], path)
    return path


def minutes(path: Path, **changes: Any) -> int:
    return resources.sweep_minutes(config.load(SMALL | changes), path)


def test_the_limit_is_that_of_runs_that_never_arrive(written: Path) -> None:
    # 4 runs (MSE at 1, 2 and its own rate, BCE at 1), 1000 samples of 5 columns, 1e8 steps, 4.25 ns each.
    seconds = 4 * 1000 * 1e8 * 4.25e-9
    assert minutes(written) == 3 + -(-seconds // 60)


def test_it_grows_with_the_work_and_falls_with_the_shards(written: Path) -> None:
    assert minutes(written, shards=1) > minutes(written, shards=3)
    assert minutes(written, max_steps=1_000_000_000) > 5 * minutes(written)


def test_it_counts_the_steps_for_which_a_target_has_to_hold(written: Path) -> None:
    assert minutes(written, max_steps=1, hold=1_000_000) == minutes(written, max_steps=1_000_000, hold=1)


def test_a_changed_table_is_read_again(written: Path) -> None:
    before = minutes(written)
    larger = SMALL | {"datasets": [{"name": "gaussian", "separability": [2], "n": 9000, "d": 4}]}
    store.write(draw.build(config.load(larger))[0], TABLES["datasets"], written)
    os.utime(written, ns=(1, 1))
    assert minutes(written) > before


def test_a_table_that_is_not_there_yet_is_looked_for_again(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        minutes(tmp_path / "datasets.parquet")
