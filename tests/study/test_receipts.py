"""Receipts, and the checks before a run: damage is found, and only finished work is taken over."""

from __future__ import annotations

import base64
import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from study.errors import UserError
from study.provenance import receipts, recovery
from study.provenance.receipts import Receipt, kept

SHARD = "results/shards/0.runs.parquet"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that Snakemake runs in, with an input and a finished shard."""
    monkeypatch.chdir(tmp_path)
    for name in ("results/shards", "results/tables", ".snakemake/metadata", ".snakemake/incomplete"):
        Path(name).mkdir(parents=True)
    Path(".snakemake/metadata/record").touch()
    Path("results/plan.parquet").write_text("plan")
    made()
    monkeypatch.setattr(recovery, "_held", held := [])
    recovery.claim()
    yield tmp_path
    for file in held:
        file.close()


def made(content: str = "runs", params: dict[str, object] | None = None) -> Receipt:
    """Make the shard as its job does."""
    receipt = Receipt("sweep.0", ["results/plan.parquet"], [SHARD], params or {"seed": 0})
    Path(SHARD).write_text(content)
    receipt.keep()
    receipt.write()
    return receipt


def again(params: dict[str, object] | None = None) -> Receipt:
    """The receipt of the same job started again; Snakemake has removed its outputs."""
    Path(SHARD).unlink(missing_ok=True)
    return Receipt("sweep.0", ["results/plan.parquet"], [SHARD], params or {"seed": 0})


def recovered(*outputs: str) -> list[str]:
    lines: list[str] = []
    recovery.recover(dict.fromkeys(outputs or [SHARD], "sweep"), lines.append)
    return lines


def record(path: str) -> dict[str, object]:
    """Snakemake's record of an output."""
    name = base64.urlsafe_b64encode(path.encode()).decode()
    return json.loads(Path(".snakemake/metadata", name).read_text())


def test_a_finished_shard_is_taken_over(folder: Path) -> None:
    assert again().take_over()
    assert Path(SHARD).read_text() == "runs"
    assert not kept(SHARD).exists()


@pytest.mark.parametrize("change", ["params", "input", "bytes", "versions", "receipt"])
def test_a_shard_that_would_be_made_from_something_else_is_not(
    folder: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if change == "input":
        Path("results/plan.parquet").write_text("other")
    elif change == "bytes":
        kept(SHARD).write_text("rums")
    elif change == "versions":
        monkeypatch.setattr(receipts, "versions", lambda: {"numpy": "0"})
    elif change == "receipt":
        (folder / receipts.FOLDER / "sweep.0.json").write_text('{"outputs": {}')
    assert not again({"seed": 1} if change == "params" else None).take_over()


@pytest.mark.parametrize("content", ["", "ru", "rums", "runs!"])
def test_an_edited_or_damaged_output_is_named_and_kept_aside(folder: Path, content: str) -> None:
    Path(SHARD).write_text(content)
    aside = "results/set-aside/shards/0.runs.parquet"
    [message] = recovered()
    assert message.startswith(f"{SHARD}: edited or damaged")
    assert f"Moved to {aside};" in message
    assert not Path(SHARD).exists()
    assert Path(aside).read_text() == content
    Path(SHARD).write_text("edited again")
    assert "set-aside/shards/0.runs.1.parquet" in recovered()[0]
    assert Path(aside).read_text() == content
    assert Path("results/set-aside/shards/0.runs.1.parquet").read_text() == "edited again"


def test_an_intact_output_stays_and_its_second_name_is_removed(folder: Path) -> None:
    recovered()
    assert recovered() == []
    assert Path(SHARD).read_text() == "runs"
    assert not kept(SHARD).exists()


def test_an_output_without_a_receipt_is_kept_aside_and_made_again(folder: Path) -> None:
    (folder / receipts.FOLDER / "sweep.0.json").unlink()
    assert "1 results have no receipt" in recovered()[0]
    assert not Path(SHARD).exists()
    assert Path("results/set-aside/shards/0.runs.parquet").read_text() == "runs"


def test_parameters_that_a_receipt_would_change_are_refused(folder: Path) -> None:
    with pytest.raises(TypeError, match=r"sweep\.0: .*a tuple to a list"):
        Receipt("sweep.0", [], [SHARD], {"names": ("a", "b")})


def test_files_that_no_rule_writes_are_left_alone(folder: Path) -> None:
    Path("results/tables/mine.csv").write_text("mine")
    recovered()
    assert Path("results/tables/mine.csv").exists()


def test_what_snakemake_has_not_noted_is_left_to_it_and_taken_over(folder: Path) -> None:
    name = base64.urlsafe_b64encode(SHARD.encode()).decode()
    Path(".snakemake/incomplete", name).touch()
    assert recovered() == []
    assert again().take_over()


def test_results_without_records_are_taken_as_their_receipts_prove_them(folder: Path) -> None:
    assert "1 results have no record in .snakemake" in recovered()[0]
    assert record(SHARD)["rule"] == "sweep"
    assert record(SHARD)["input"] == ["results/plan.parquet"]
    assert record(SHARD)["params"] == ["0"]


def test_a_record_of_other_results_gives_way_to_the_receipt(folder: Path) -> None:
    recovered()
    made("other", {"seed": 1})  # as if the results of another study were copied over these
    assert recovered() == []
    assert record(SHARD)["params"] == ["1"]


@pytest.mark.parametrize("same", [True, False])
def test_times_follow_the_receipts(folder: Path, same: bool) -> None:
    if not same:
        Path("results/plan.parquet").write_text("of other data")
    os.utime(SHARD, (100, 100))
    os.utime("results/plan.parquet", (200, 200) if same else (50, 50))
    recovered()
    assert (Path(SHARD).stat().st_mtime >= Path("results/plan.parquet").stat().st_mtime) == same


def test_the_file_of_another_user_gives_way_to_a_copy_whose_time_can_be_set(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system lets only its owner set the time of a file, whoever may write it."""
    theirs = Path(SHARD).stat().st_ino
    content = Path(SHARD).read_bytes()
    os.utime(SHARD, (100, 100))
    os.utime("results/plan.parquet", (200, 200))
    setting = os.utime

    def of_own_files(path: str | Path, *, ns: tuple[int, int]) -> None:
        if Path(path).stat().st_ino == theirs:
            raise PermissionError(errno.EPERM, "Operation not permitted")
        setting(path, ns=ns)

    monkeypatch.setattr(os, "utime", of_own_files)
    recovered()
    assert Path(SHARD).stat().st_mtime == 200
    assert Path(SHARD).read_bytes() == content


def test_leftovers_of_writers_that_are_dead_are_removed(folder: Path) -> None:
    Path("results/tables/.runs.parquet.123.tmp").write_text("half")
    recovered()
    assert list(Path("results/tables").iterdir()) == []


def test_a_job_does_not_read_what_is_damaged(folder: Path) -> None:
    receipts.check([SHARD, "results/plan.parquet"])
    Path(SHARD).write_text("rums")
    with pytest.raises(UserError, match=r"0\.runs\.parquet: damaged"):
        receipts.check([SHARD])


HOLD = """
import sys
from study.provenance import recovery
recovery.claim()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.integration
def test_a_claim_ends_with_its_process_however_that_ends(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recovery._held.pop().close()
    Path(".snakemake/locks").mkdir()
    Path(".snakemake/locks/0.input.lock").write_text(SHARD)
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(UserError, match=rf"process {other.pid} on .* is at work in"):
            recovery.claim()
        other.kill()
        other.wait()
    recovery.claim()
    assert not Path(".snakemake/locks").exists()


def test_results_that_cannot_be_a_folder_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(recovery, "_held", [])
    Path("results").write_text("a file")
    with pytest.raises(UserError, match="results: not a folder"):
        recovery.claim()


ORPHAN = "import time; time.sleep(600)"


@pytest.mark.integration
def test_jobs_that_outlived_their_snakemake_are_ended(folder: Path) -> None:
    scripts = Path(".snakemake/scripts")
    scripts.mkdir()
    (scripts / "tmp.sweep.py").write_text(ORPHAN)
    orphan = subprocess.Popen([sys.executable, str(scripts / "tmp.sweep.py")])
    elsewhere = subprocess.Popen([sys.executable, str(folder / scripts / "tmp.sweep.py")], cwd="/")
    try:
        assert f"process {orphan.pid}" in recovered()[0]
        assert not psutil.pid_exists(orphan.pid)
        assert elsewhere.poll() is None
    finally:
        for process in (orphan, elsewhere):
            process.kill()
            process.wait()
