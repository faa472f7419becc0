"""Print what it takes to get from a plan to the tables: time, peak memory and bytes, by number of run rows.

``python tests/bench/aggregation.py`` makes up studies of 10^6 and 10^7 run rows in the true schema (other
sizes: ``--rows 300000``), cut into shards, and takes them through the project's own plan, collection,
statistics and reading for the report. Each step is a process of its own, whose peak memory the operating
system reports. ``--lean`` puts all rows into one data set at one separability, the worst case for memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from study.catalogue import TABLES
from study.config import model as config
from study.runs import plan, sweep
from study.statistics import aggregation
from study.tables import store

import kernels

SETTINGS = 30
STEPS = ("plan", "shards", "collect", "statistics", "report")
MADE = {
    "plan": "plan.parquet",
    "shards": "*.runs.parquet",
    "collect": "runs.parquet",
    "statistics": "slowdown.parquet",
}


def study(rows: int, shards: int, lean: bool) -> tuple[config.Config, pd.DataFrame]:
    """A config and a table of data sets (none drawn) that make about this many run rows."""
    levels = 1 if lean else SETTINGS
    each = len(plan.grid_of_one(config.load({}), "gaussian")) * len(config.TARGETS)
    seeds = max(2, round(rows / each / levels))
    chosen = config.load(
        {
            "seeds": seeds,
            "datasets": [{"name": "gaussian", "separability": [(k + 1) / 4 for k in range(levels)]}],
            "shards": shards,
        }
    )
    table = pd.DataFrame({"data": range(levels * seeds), "dataset": "gaussian"})
    table["seed"] = [*chosen.seeds] * levels
    table["separability"] = np.repeat([(k + 1) / 4 for k in range(levels)], seeds)
    return chosen, table.assign(
        n=200, d=3, smoothness=1.0, target_accuracy=0.9, target_brier=0.1, target_logloss=0.4
    )


def outcomes(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Made-up ends of a shard's runs: MSE slower with the scale, one in ten much slower, some diverged."""
    rng = np.random.default_rng(seed)
    slow = np.where(rows["loss"] == "mse", 4 * np.exp(0.4 * np.minimum(rows["scale"], 12)), 1.0)
    parts = []
    for target, effort in {"accuracy": 3.0, "brier": 20.0, "logloss": 40.0}.items():
        time = np.ceil(effort * slow * rng.lognormal(0, 0.3, len(rows)) / rows["rate"]).astype(np.int64)
        reached = (time <= rows["max_steps"]).to_numpy() & (rng.random(len(rows)) > 0.02)
        ends = {
            "target": target,
            "threshold": rows[f"target_{target}"],
            "status": np.where(
                reached, "reached", np.where(rng.random(len(rows)) < 0.1, "diverged", "censored")
            ),
            "step": np.where(reached, time, -1),
            "steps_run": np.where(reached, time, rows["max_steps"]),
        }
        parts.append(rows.assign(**ends))
    return pd.concat(parts, ignore_index=True)[list(TABLES["runs"].dtypes)]


def step(name: str, folder: Path, rows: int, shards: int, lean: bool) -> None:
    """Do one step, with files in `folder`."""
    chosen, table = study(rows, shards, lean)
    if name == "plan":
        store.write_parts(plan.blocks(chosen, table), TABLES["plan"], folder / "plan.parquet")
    if name == "shards":
        for shard in range(shards):
            planned = store.scan(TABLES["plan"], folder / "plan.parquet", where=[{"shard": shard}])
            ended = outcomes(planned, shard)
            store.write_parts(sweep.by_data(ended, planned), TABLES["runs"], folder / f"{shard}.runs.parquet")
    if name == "collect":
        store.merge(
            TABLES["runs"],
            [folder / f"{shard}.runs.parquet" for shard in range(shards)],
            folder / "runs.parquet",
        )
    if name == "statistics":
        own = {
            loss: kernels.LOSSES["bce"].smoothness / entry.smoothness
            for loss, entry in kernels.LOSSES.items()
        }
        made = aggregation.summary_tables(folder / "runs.parquet", own, folds=5, resamples=999, level=0.95)
        for key, frame in made.items():
            store.write(frame, TABLES[key], folder / f"{key}.parquet")
    if name == "report":
        aggregation.quoted(
            folder,
            [TABLES[name] for name in ("slowdown", "headline", "answers", "decomposition", "ends", "runs")],
        )


def measured(name: str, folder: Path, rows: int, shards: int, lean: bool) -> dict[str, float]:
    """Seconds, and peak megabytes, of a step in a process of its own."""
    words = ["--step", name, "--folder", str(folder), "--rows", str(rows), "--shards", str(shards)]
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, __file__, *words, *["--lean"] * lean], check=True, capture_output=True, text=True
    )
    return {"seconds": time.perf_counter() - begun, **json.loads(done.stdout)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10**6, 10**7])
    parser.add_argument("--shards", type=int, default=40)
    parser.add_argument("--lean", action="store_true")
    parser.add_argument(
        "--steps", choices=STEPS, nargs="+", default=STEPS, help="each needs the files of those before"
    )
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        step(given.step, given.folder, given.rows[0], given.shards, given.lean)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # in kilobytes on Linux
        print(json.dumps({"peak": peak, "processor": time.process_time()}))
        return
    print(
        "| step | run rows | shards | s | processor, s | peak, MiB | file, bytes a row |\n"
        "|---|---|---|---|---|---|---|"
    )
    for rows in given.rows:
        with tempfile.TemporaryDirectory() as folder:
            for name in given.steps:
                found = measured(name, Path(folder), rows, given.shards, given.lean)
                made = sum(path.stat().st_size for path in Path(folder).glob(MADE.get(name, "nothing")))
                size = f"{made / rows:.2f}" if made else ""
                times = f"{found['seconds']:.1f} | {found['processor']:.1f}"
                print(
                    f"| {name} | {rows:,} | {given.shards} | {times} | {found['peak']:,.0f} | {size} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
