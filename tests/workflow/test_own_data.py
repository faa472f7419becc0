"""Your own data files on the command line: `snakemake check`, and a file replaced by another."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import running

pytestmark = pytest.mark.processes

GOOD = "x,z,outcome\n" + "".join(
    f"{i / 7 - 1:.3f},{i * 37 % 11},{'ny'[i * 13 % 10 > 4]}\n" for i in range(20)
)
CONFIG = running.TINY.replace("datasets:\n", "datasets:\n  - {name: mine, file: mine.csv, %s}\n")


def study_of(folder: Path, entry: str, content: str = GOOD) -> list[str]:
    """Write a config with a data set of one's own; return the words that name it."""
    (folder / "mine.csv").write_text(content)
    (folder / "mine.yaml").write_text(CONFIG % entry)
    return ["--configfile", str(folder / "mine.yaml")]


def test_check_says_what_a_file_gives_and_writes_nothing(tmp_path: Path) -> None:
    done = running.snakemake(tmp_path, "check", *study_of(tmp_path, "label: outcome, positive: y"))
    assert done.returncode == 0, done.stderr
    assert "mine: 20 samples, 10 of them positive (outcome is y), 2 features" in done.stdout
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("target", ["check", "tables"])
def test_every_problem_of_a_file_is_listed_before_anything_runs(target: str, tmp_path: Path) -> None:
    words = study_of(tmp_path, "label: outcome", GOOD.replace("-0.857", "").replace(",4,", ",inf,"))
    done = running.snakemake(tmp_path, target, *words)
    assert done.returncode == 1
    said = [line for line in done.stderr.splitlines() if line.startswith("mine: ")]
    assert [line.partition(";")[0] for line in said] == [
        "mine: mine.csv, column 'outcome': the label's values are 'n' and 'y'",
        "mine: mine.csv, column 'z': not finite: inf in line 3, inf in line 14",
        "mine: mine.csv, column 'x': no value in line 3 (1 of 20 missing)",
    ]
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("target", ["check", "tables"])
def test_a_file_from_the_future_is_named_before_snakemake_refuses_what_is_made_of_it(
    target: str, tmp_path: Path
) -> None:
    words = study_of(tmp_path, "label: outcome, positive: y")
    os.utime(tmp_path / "mine.csv", (2.1e9, 2.1e9))
    done = running.snakemake(tmp_path, target, *words)
    assert done.returncode == 1
    [line] = [line for line in done.stderr.splitlines() if line.startswith("mine: ")]
    assert line.startswith(
        "mine: mine.csv: last changed on 2036-07-18 at 13:20:00 UTC, which is in the future"
    )
    assert line.endswith("allowed: a time in the past; write `touch` and its name")
    assert not (tmp_path / "results").exists()


def test_a_file_replaced_by_an_older_one_is_noticed(tmp_path: Path) -> None:
    words = study_of(tmp_path, "label: outcome, positive: y")
    table = "results/tables/datasets.parquet"
    assert running.snakemake(tmp_path, table, *words).returncode == 0
    (tmp_path / "mine.csv").touch()  # the time alone does not count
    assert "Nothing to be done" in running.snakemake(tmp_path, table, "-n", *words).stdout
    (tmp_path / "mine.csv").write_text(GOOD.replace("0.857", "0.858"))
    os.utime(tmp_path / "mine.csv", (1e9, 1e9))
    assert "Params have changed" in running.snakemake(tmp_path, table, "-n", *words).stdout
