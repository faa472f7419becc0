"""Time limits and memory: never less than is used, growing with the work."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from study.catalogue import TABLES
from study.config import model as config
from study.estimate import resources
from study.runs import draw
from study.runs.plan import expand
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


def test_the_largest_shard_is_computed_from_the_plan(written: Path) -> None:
    chosen, table = config.load(SMALL | {"shards": 2}), store.read(TABLES["datasets"], written)
    price = np.arange(1.0, 1.0 + len(table))
    plan = expand(chosen, table)
    spent = price[plan["data"]] * (plan["max_steps"] + 9)  # a target met at the last step holds for ten
    largest = spent.groupby(plan["shard"]).sum().max()
    assert resources.fullest_shard(chosen, table, price) == pytest.approx(largest)


MEASURED = [
    # samples, columns, data sets, and MB at the peak of the jobs data, sweep, method and experiment
    (100, 3, 4, 251, 254, 255, 269),
    (1_000_000, 11, 1, 617, 700, 800, 816),
    (1_000_000, 11, 3, 715, 883, 986, 1000),
    (100_000, 31, 4, 399, 453, 473, 496),
    (500, 501, 4, 259, 269, 273, 285),
]
"""By getrusage, of the functions that the jobs call, on gaussian data with few runs."""


@pytest.mark.parametrize(("n", "d", "seeds", "data", "sweep", "method", "experiment"), MEASURED)
def test_memory_is_little_more_than_what_was_measured(
    n: int, d: int, seeds: int, data: int, sweep: int, method: int, experiment: int, tmp_path: Path
) -> None:
    one = {"name": "gaussian", "separability": [2], "n": n, "d": d - 1}
    remedies = {"datasets": [one], "seeds": seeds, "flipped": [0.1]}
    study = {"seeds": seeds, "datasets": [one], "shards": 1, "remedies": remedies}
    chosen = config.load(study | {"method_runs": {"datasets": ["gaussian"], "seeds": seeds}})
    table = table_of(n, d, seeds, tmp_path / "datasets.parquet")
    asked = {
        data: resources.data_memory(chosen, 1),
        sweep: resources.sweep_memory(chosen, table),
        method: resources.method_memory(chosen, table),
        experiment: resources.experiment_memory(chosen, "remedies_0.1"),
    }
    for used, mb in asked.items():
        assert used <= mb <= 1.22 * used


def table_of(n: int, d: int, seeds: int, path: Path) -> Path:
    """A table of data sets of that shape, whose facts are those of small ones."""
    small = SMALL | {"seeds": seeds, "datasets": [{"name": "gaussian", "separability": [2], "n": 20}]}
    store.write(draw.build(config.load(small))[0].assign(n=n, d=d), TABLES["datasets"], path)
    return path


def test_memory_grows_with_the_runs_of_a_shard_and_the_processes_of_the_data(tmp_path: Path) -> None:
    table = table_of(1000, 5, 40, tmp_path / "datasets.parquet")
    few, many = (
        resources.sweep_memory(
            config.load(SMALL | {"seeds": 40, "shards": 1, "learning_rates": rates}), table
        )
        for rates in ([1.0], [float(rate) for rate in range(1, 1001)])
    )
    assert many > few + 50
    large = {"seeds": 40, "datasets": [{"name": "gaussian", "separability": [2], "n": 100_000}]}
    chosen = config.load(SMALL | large)
    assert resources.data_memory(chosen, 2) > resources.data_memory(chosen, 1)
    assert resources.data_memory(config.load(SMALL | large | {"seeds": 3}), 2) == resources.data_memory(
        config.load(SMALL | large | {"seeds": 3}), 1
    )  # too few data sets for two processes


def test_a_file_counts_by_its_size(tmp_path: Path) -> None:
    sizes = []
    for lines in (10, 1_000_000):
        (tmp_path / "mine.csv").write_text("a,b,label\n" + "1.25,-3.5,1\n" * lines)
        mine = {"name": "mine", "file": str(tmp_path / "mine.csv"), "label": "label"}
        sizes.append(resources.data_memory(config.load(SMALL | {"datasets": [mine]}), 1))
    assert sizes[1] - sizes[0] > 5 * 12  # MB of text


def test_the_time_of_methods_and_experiments_grows_with_their_budget(written: Path) -> None:
    for limit in (
        lambda chosen: resources.method_minutes(chosen, written),
        lambda chosen: resources.experiment_minutes(chosen, "networks"),
    ):
        short, long = (
            limit(config.load(SMALL | {"max_steps": steps, "networks": {"max_steps": steps}, **_METHODS}))
            for steps in (1000, 100_000_000)
        )
        assert long > 100 * short


_METHODS: dict[str, Any] = {"method_runs": {"datasets": ["gaussian"]}}
