"""What the tests of the workflow share: Snakemake run as a user does, in a folder and from a source tree."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import forks

ROOT = Path(__file__).parents[2]
TINY = """
seeds: 4
datasets:
  - {name: gaussian, separability: [2], n: 30}
initialisations:
  - name: zero
  - {name: wrong, scales: [1, 8]}
  - {name: sure_wrong, scales: [0.99]}
learning_rates: [1]
max_steps: 300
shards: 2
curves: {seeds: 1, points: 10}
statistics: {resamples: 199}
phase: {scales: [1, 8], large_n: 1000, large_separability: [2], large_scales: [1]}
methods: [{name: mse, loss: mse}, {name: bce, loss: bce}]
comparisons: [[mse, bce]]
method_runs: {learning_rates: [1]}
remedies: {methods: [], comparisons: []}
networks: {methods: [], comparisons: []}
"""


def snakemake(
    folder: Path, *words: str, before: Sequence[str] = (), tree: Path = ROOT, code: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the Snakefile of a source tree in a folder, with the code of `code` or else of that tree."""
    options = ["--snakefile", str(tree / "Snakefile"), "--directory", str(folder)]
    options += ["--profile", str(tree / "profiles" / "default"), *words]
    place = code or tree
    known = os.environ | {"PYTHONPATH": f"{place}{os.pathsep}{place / 'workflow'}"}
    if not before:
        return forks.snakemake(options, place, known)
    command = [*before, sys.executable, "-m", "snakemake", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=place, env=known)


def tiny(folder: Path, *words: str, tree: Path = ROOT) -> str:
    """Run the study that `finished` has finished; return its output."""
    done = snakemake(folder, *words, "--configfile", str(folder / "tiny.yaml"), tree=tree)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def due(folder: Path, *words: str, tree: Path = ROOT) -> set[str]:
    """Return the rules that a run would run, by a dry run."""
    output = tiny(folder, "-n", *words, tree=tree)
    if "Nothing to be done" in output:
        return set()
    [table] = set(
        re.findall(r"^Job stats:\njob +count\n[- ]+\n(.*?)^total ", output, re.MULTILINE | re.DOTALL)
    )
    return {line.split()[0] for line in table.splitlines()} - {"all"}


def copy_of_tree(place: Path) -> Path:
    """Copy the tracked files of this repository, and those that git would add, as they are now."""
    listed = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split("\0"):
        if name and not name.startswith("results/reference") and (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place / name)
    return place
