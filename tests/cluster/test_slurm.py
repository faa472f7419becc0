"""The study through a real Slurm: the same bytes as on one machine, even if jobs and nodes are lost.

`pytest -m cluster` as root on Debian or Ubuntu; `tests/cluster/slurm.sh` makes the cluster and removes it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from study.config.model import load
from study.estimate import resources
from study.files import digest

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).parent / "slurm.sh"
SHARED = (
    "profiles/slurm",
    "--slurm-status-command",
    "squeue",
    "--slurm-init-seconds-before-status-checks",
    "3",
)
DATASETS = Path("results", "tables", "datasets.parquet")
LONG = """
seeds: 4
datasets:
  - {name: gaussian, separability: [2], n: 2000}
initialisations:
  - {name: wrong, scales: [1, 8]}
learning_rates: [1]
max_steps: 400000
shards: 4
curves: {seeds: 3, points: 10}
statistics: {resamples: 199}
phase: {scales: [1, 8], large_n: 1000, large_separability: [2], large_scales: [1]}
methods: [{name: mse, loss: mse}, {name: bce, loss: bce}]
comparisons: [[mse, bce]]
method_runs: {learning_rates: [1]}
remedies: {methods: [], comparisons: []}
networks: {methods: [], comparisons: []}
"""
"""The first three seeds are traced to the end of the budget, so three shards take over half a minute."""

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(os.getuid() != 0, reason="only root can start a cluster of its own"),
]


@pytest.fixture(scope="module")
def slurm() -> Iterator[None]:
    subprocess.run(["bash", SCRIPT, "start"], check=True)
    try:
        yield
    finally:
        subprocess.run(["bash", SCRIPT, "stop"], check=True)


def snakemake(folder: Path, config: Path, profile: str, *words: str) -> subprocess.Popen[bytes]:
    """Start the shipped workflow; its output goes to a file in the folder."""
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--profile",
        profile,
        "--snakefile",
        str(ROOT / "Snakefile"),
    ]
    command += ["--directory", str(folder), *words, "--configfile", str(config)]
    folder.mkdir(exist_ok=True)
    with (folder / "said.txt").open("ab") as output:
        return subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)


def finish(run: subprocess.Popen[bytes], folder: Path) -> None:
    assert run.wait() == 0, (folder / "said.txt").read_text()[-5000:]


def digests(folder: Path) -> dict[str, str]:
    """Digests of all that a run makes, except its logs."""
    results = folder / "results"
    files = (
        path for path in sorted(results.rglob("*")) if path.is_file() and results / "logs" not in path.parents
    )
    return {str(path.relative_to(results)): digest(path) for path in files}


def records() -> list[dict[str, str]]:
    """Slurm's own records of the jobs it has seen."""
    answer = subprocess.run(
        ["scontrol", "show", "jobs", "--oneliner"], check=True, capture_output=True, text=True
    )
    return [
        dict(re.findall(r"(\w+)=(\S*)", line))
        for line in answer.stdout.splitlines()
        if line.startswith("JobId=")
    ]


def rule_of(record: dict[str, str]) -> str:
    """Rule that a job made, from the comment that the executor puts on it."""
    return record["Comment"].removeprefix("rule_").partition("_wildcards")[0]


def until(holds: Callable[[], bool], what: str, seconds: float = 1800) -> None:
    for _ in range(int(seconds / 0.2)):
        if holds():
            return
        time.sleep(0.2)
    pytest.fail(f"after {seconds:.0f} s still not: {what}")


def test_the_smoke_study_goes_through_sbatch_to_the_same_bytes(
    slurm: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = ROOT / "config" / "smoke.yaml"
    seconds = {}
    for place, profile in (("local", ("profiles/default",)), ("slurm", SHARED)):
        begun = time.monotonic()
        finish(snakemake(tmp_path / place, config, *profile), tmp_path / place)
        seconds[place] = time.monotonic() - begun
    assert digests(tmp_path / "slurm") == digests(tmp_path / "local")

    # Without the target rule, Snakemake's count of jobs is Slurm's count of completed ones, rule by rule.
    stats = (tmp_path / "slurm" / "said.txt").read_text().partition("Job stats:")[2].partition("total")[0]
    counted = {name: int(count) for name, count in re.findall(r"^(\w+)\s+(\d+)$", stats, re.MULTILINE)}
    done = Counter(rule_of(record) for record in records() if record["JobState"] == "COMPLETED")
    assert dict(done) == {name: count for name, count in counted.items() if name != "all"}
    assert all(record["BatchFlag"] == "1" for record in records())
    limit = resources.sweep_minutes(load(yaml.safe_load(config.read_text())), tmp_path / "local" / DATASETS)
    assert {record["TimeLimit"] for record in records() if rule_of(record) == "sweep"} == {
        f"00:{limit:02}:00"
    }
    with capsys.disabled():
        times = ", ".join(f"{place} {taken:.0f} s" for place, taken in seconds.items())
        print(f"\nsmoke study: {times}; {sum(done.values())} jobs through sbatch, the same bytes")


def test_a_cancelled_job_and_a_lost_node_cost_nothing_that_was_finished(slurm: None, tmp_path: Path) -> None:
    config = tmp_path / "long.yaml"
    config.write_text(LONG)
    before = {record["JobId"] for record in records()}
    receipts = tmp_path / "slurm" / "results" / "receipts"

    def sweeps(state: str) -> list[dict[str, str]]:
        ours = (
            record for record in records() if record["JobId"] not in before and rule_of(record) == "sweep"
        )
        return [record for record in ours if record["JobState"] == state]

    def made() -> dict[str, int]:
        """When each shard of a completed job was made, by its receipt: Snakemake touches outputs later."""
        shards = [record["Comment"].rpartition("_")[2] for record in sweeps("COMPLETED")]
        return {shard: (receipts / f"sweep.{shard}.json").stat().st_mtime_ns for shard in shards}

    run = snakemake(tmp_path / "slurm", config, *SHARED, "tables")
    until(
        lambda: len(sweeps("COMPLETED")) >= 1 and len(sweeps("RUNNING")) >= 1,
        "a shard finished and another running",
    )
    kept = made()
    assert kept
    subprocess.run(["scancel", sweeps("RUNNING")[0]["JobId"]], check=True)
    until(lambda: len(sweeps("CANCELLED")) == 1, "a cancelled job")
    until(lambda: len(sweeps("RUNNING")) >= 1, "another shard running")
    lost = {record["JobId"] for record in sweeps("RUNNING")}
    node = sweeps("RUNNING")[0]["NodeList"]
    subprocess.run(["scontrol", "update", f"nodename={node}", "state=down", "reason=test"], check=True)
    until(lambda: not sweeps("RUNNING"), "no job on a node that is down")
    assert run.poll() is None
    subprocess.run(["scontrol", "update", f"nodename={node}", "state=resume"], check=True)
    finish(run, tmp_path / "slurm")

    assert kept.items() <= made().items()  # not made again
    again = [record for record in records() if record["JobId"] in lost]
    assert any(record["Restarts"] != "0" or record["JobState"] == "NODE_FAIL" for record in again)
    done = Counter(rule_of(record) for record in records() if record["JobId"] not in before)
    assert done["sweep"] == 4 + 1  # the cancelled one once more; Slurm itself started the lost ones again
    finish(snakemake(tmp_path / "local", config, "profiles/default", "tables"), tmp_path / "local")
    assert digests(tmp_path / "slurm") == digests(tmp_path / "local")


def test_an_existing_cluster_is_left_alone(tmp_path: Path) -> None:
    conf = Path("/etc/slurm/slurm.conf")
    if conf.exists():
        done = subprocess.run(["bash", SCRIPT, "start"], capture_output=True, text=True, check=False)
    else:
        conf.parent.mkdir(exist_ok=True)
        conf.write_text("# somebody's\n")
        try:
            done = subprocess.run(["bash", SCRIPT, "start"], capture_output=True, text=True, check=False)
            assert conf.read_text() == "# somebody's\n"
        finally:
            conf.unlink()
    assert done.returncode == 2
    assert "slurm.conf" in done.stderr or "running already" in done.stderr
