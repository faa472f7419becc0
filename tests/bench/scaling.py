"""Print how the sweep's time grows with the seeds, and what a second core is worth: ratios of one session.

``python tests/bench/scaling.py`` takes a part of the default study through the shipped workflow, with some
seeds and with twice as many, on one core and on two, in turn. Times are those of `snakemake` from the plan to
the runs table, less what it takes to start and to find nothing to do. Run nothing else at the same time.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import yaml

ROOT = Path(__file__).parents[2]
PART = {
    "datasets": [{"name": "gaussian", "separability": [1, 2, 4]}, {"name": "breast_cancer"}],
    "initialisations": [{"name": "zero"}, {"name": "wrong", "scales": [1, 4, 16]}],
    "curves": {"seeds": 1},
}
BEFORE, AFTER = "results/plan.parquet", "results/tables/runs.parquet"


def snakemake(folder: Path, target: str, cores: int) -> float:
    """Seconds that a target takes."""
    command = [sys.executable, "-m", "snakemake", target, "--cores", str(cores)]
    command += ["--profile", str(ROOT / "profiles" / "default"), "--snakefile", str(ROOT / "Snakefile")]
    command += ["--directory", str(folder), "--configfile", str(folder / "part.yaml")]
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    return time.perf_counter() - begun


def sweep(parent: Path, seeds: int, cores: int) -> float:
    """Seconds of a sweep in a folder of its own."""
    folder = Path(tempfile.mkdtemp(dir=parent))
    config = PART | {"seeds": seeds}
    (folder / "part.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    snakemake(folder, BEFORE, cores)
    taken = snakemake(folder, AFTER, cores)
    return taken - snakemake(folder, AFTER, cores)


def main() -> None:
    """Measure, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10, help="seeds; then twice as many")
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    cases = {
        "once, 1 core": (given.seeds, 1),
        "once, 2 cores": (given.seeds, 2),
        "twice, 2 cores": (2 * given.seeds, 2),
    }
    found: dict[str, list[float]] = {name: [] for name in cases}
    with tempfile.TemporaryDirectory() as parent:
        sweep(Path(parent), 1, 2)  # compiles
        for _ in range(given.repeats):
            for name, case in cases.items():
                found[name].append(sweep(Path(parent), *case))
    for name, seconds in found.items():
        print(f"{name}: {median(seconds):.1f} s ({', '.join(f'{s:.1f}' for s in seconds)})")
    once, twice = found["once, 2 cores"], found["twice, 2 cores"]
    print(f"twice the seeds: {median(b / a for a, b in zip(once, twice, strict=True)):.2f} times as long")
    print(
        f"2 cores: {median(a / b for a, b in zip(found['once, 1 core'], once, strict=True)):.2f} "
        "times faster than 1"
    )


if __name__ == "__main__":
    main()
