"""Made-up recorded runs, in the layout of pytest-benchmark's storage."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

MACHINES = {"fast": ("CPU A", ["avx2", "fma"], 2, 1.0), "slow": ("CPU B", ["avx512f", "fma"], 4, 1.7)}
SOLVERS = {"kernels": 1.0, "kernels, 1 thread": 1.9, "NumPy": 15.0}
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


def commit(number: int) -> str:
    return hashlib.sha1(str(number).encode()).hexdigest()


def run(
    number: int,
    *,
    machine: str = "fast",
    factor: float = 1.0,
    noise: float = 0.02,
    rounds: int = 9,
    **changes,
) -> dict:
    """What the file of one run holds; `changes` overwrite its top level."""
    rng = np.random.default_rng([number, len(machine)])
    model, flags, threads, speed = MACHINES[machine]
    when = (BEGUN + timedelta(hours=number)).isoformat()
    benchmarks = []
    for shape in ("d2", "d8"):
        for solver, slow in SOLVERS.items():
            moment = speed * np.exp(rng.normal(0, noise, rounds))
            seconds = 1e-2 * slow * (factor if solver.startswith("kernels") else 1.0) * moment
            seconds *= np.exp(rng.normal(0, noise / 4, rounds))
            quartiles = dict(
                zip(("q1", "median", "q3"), np.quantile(seconds, [0.25, 0.5, 0.75]), strict=True)
            )
            name = f"test_descent[{solver}-mse-{shape}]"
            benchmarks.append(
                {
                    "group": f"mse, {shape}",
                    "name": name,
                    "fullname": f"tests/bench/test_descent.py::{name}",
                    "params": None,
                    "param": None,
                    "extra_info": {"sample_steps": 10**7, "solver": solver, "ceiling": list(0.9e-2 * moment)},
                    "options": {},
                    "stats": {
                        **quartiles,
                        "data": list(seconds),
                        "min": seconds.min(),
                        "max": seconds.max(),
                        "mean": seconds.mean(),
                        "stddev": seconds.std(),
                        "iqr": quartiles["q3"] - quartiles["q1"],
                        "ld15iqr": seconds.min(),
                        "hd15iqr": seconds.max(),
                        "outliers": "0;0",
                        "iqr_outliers": 0,
                        "stddev_outliers": 0,
                        "ops": 1 / seconds.mean(),
                        "total": seconds.sum(),
                        "rounds": rounds,
                        "iterations": 1,
                    },
                }
            )
    content = {
        "machine_info": {
            "cpu": {"brand_raw": model, "flags": flags, "count": threads},
            "threads": threads,
            "machine": "x",
        },
        "commit_info": {"id": commit(number), "time": when, "dirty": False},
        "session": {"load_start": [0.5, 0.5, 0.5], "load_end": [1.0, 0.6, 0.5]},
        "benchmarks": benchmarks,
        "datetime": when,
        "version": "5.3.1",
    }
    return content | changes


def store(storage: Path, number: int, content: dict | str) -> Path:
    """Write a run's file; text is written as it is."""
    path = storage / "Linux-CPython-3.11-64bit" / f"{number:04d}_{commit(number)}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path
