"""Print what Snakemake itself takes, by number of shards: ``python tests/bench/scheduling.py``.

First the shipped workflow in a dry run: reading the config, the graph of all jobs, and printing it. Then a
workflow of the same shape whose jobs do nothing, run for real: what choosing, starting and finishing a job
costs. Seconds are processor time, which a busy machine does not lengthen; peak memory is the operating
system's.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
EMPTY = """
rule all:
    input:
        "runs",
    default_target: True


rule sweep:
    input:
        code={code},
        plan="plan",
    output:
        runs=touch("shards/{{shard}}.runs"),
        curves=touch("shards/{{shard}}.curves"),
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,


rule collect:
    input:
        expand("shards/{{shard}}.{{table}}", shard=range({shards}), table=("runs", "curves")),
    output:
        touch("runs"),
"""


def taken(folder: Path, *words: str) -> tuple[float, float]:
    """Processor seconds and peak megabytes of a Snakemake and its children."""
    command = [sys.executable, "-m", "snakemake", "--directory", str(folder), "--scheduler", "greedy", *words]
    with (folder / "said.txt").open("wb") as output:
        child = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=folder)
        _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit((folder / "said.txt").read_text()[-3000:])
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def dry(shards: int, folder: Path) -> tuple[float, float]:
    """The shipped workflow, one data set a shard."""
    (folder / "many.yaml").write_text(
        f"seeds: {shards}\ndatasets: [{{name: gaussian, separability: [2]}}]\nshards: {shards}\n"
    )
    words = ["--snakefile", str(ROOT / "Snakefile"), "--workflow-profile", "none", "--cores", "1", "-n"]
    return taken(folder, *words, "--configfile", str(folder / "many.yaml"))


def empty(shards: int, folder: Path) -> tuple[float, float]:
    """A workflow of its shape, without work."""
    (folder / "plan").touch()
    code = sorted(str(path) for path in (ROOT / "kernels").glob("*.py"))
    (folder / "Snakefile").write_text(EMPTY.format(code=code, shards=shards))
    return taken(
        folder, "--snakefile", str(folder / "Snakefile"), "--workflow-profile", "none", "--cores", "200"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shards", type=int, nargs="+", default=[100, 1000, 4000])
    given = parser.parse_args()
    print(
        "| shards | graph, s | peak, MiB | run of empty jobs, s | ms a job | peak, MiB |\n"
        "|---|---|---|---|---|---|"
    )
    for shards in given.shards:
        row = []
        for measure in (dry, empty):
            with tempfile.TemporaryDirectory() as folder:
                row.append(measure(shards, Path(folder)))
        (graph, first), (whole, second) = row
        each = 1000 * whole / shards
        print(
            f"| {shards:,} | {graph:.1f} | {first:,.0f} | {whole:.1f} | {each:.0f} | {second:,.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
