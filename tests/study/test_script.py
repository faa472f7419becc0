"""What the adapters share: an error is reported in one line, even on a full disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from study.errors import UserError
from study.job import job, note

FULL = Path("/dev/full")  # every write to it fails for lack of space


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_on_a_full_disk_the_line_still_reaches_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    note(FULL)("shard 0: ready")
    assert capsys.readouterr().err == "shard 0: ready\n"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (UserError("scale: -1 is not allowed"), "scale: -1 is not allowed\n"),
        (OSError(28, "No space left on device"), "results: No space left on device\n"),
        (OSError(28, "No space left on device", "results/a"), "results/a: No space left on device\n"),
    ],
)
@pytest.mark.parametrize("log", ["job.log", FULL])
def test_an_error_ends_a_job_with_one_line(
    error: Exception,
    line: str,
    log: str | Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended, job(log):
        raise error
    assert ended.value.code == 1
    assert capsys.readouterr().err == line
    if log != FULL:
        assert Path(log).read_text(encoding="utf-8") == line
