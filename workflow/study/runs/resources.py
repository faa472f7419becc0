"""The time a job requests from a cluster: an upper bound, as a job that requests too little is killed."""

from __future__ import annotations

import functools
import math
from pathlib import Path
from typing import TYPE_CHECKING, Final

from study.data.tables import DATASETS
from study.runs import estimate
from study.tables import store

if TYPE_CHECKING:
    from study.config.model import Config

__all__ = ["sweep_minutes"]

NANOSECONDS: Final = (3.0, 0.25)
"""Of one sample-step on a slow core: fixed, and for each column. (A fast core takes a quarter of it.)"""

START: Final = 3
"""Minutes that a job may take to start on a cold node and to compile."""


def sweep_minutes(config: Config, datasets: str | Path) -> int:
    """Minutes in which the fullest shard is done if no run ends before its budget.

    Parameters
    ----------
    config : Config
    datasets
        The table ``datasets.parquet``.

    Raises
    ------
    FileNotFoundError
        The table does not exist yet; Snakemake calls again when it does.
    """
    path = Path(datasets)
    minutes: int = _sweep_minutes(config, path, path.stat().st_mtime_ns)
    return minutes


@functools.lru_cache(maxsize=4)
def _sweep_minutes(config: Config, path: Path, _changed: int) -> int:
    table = store.scan(DATASETS, path, ["dataset", "n", "d"])
    price = 1e-9 * table["n"] * (NANOSECONDS[0] + NANOSECONDS[1] * table["d"])
    return START + math.ceil(estimate.fullest_shard(config, table, price.to_numpy()) / 60)
