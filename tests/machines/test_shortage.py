"""Too little memory or too few threads: one line of error, whatever exception a library raises for it."""

from __future__ import annotations

import errno
import re
import resource
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from study.errors import shortage
from study.job import job, note
from study.provenance import partial

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests" / "reproducibility" / "tiny.yaml"
LACKS = [
    MemoryError(),
    MemoryError("Unable to allocate 8.00 GiB"),
    pa.lib.ArrowMemoryError("malloc of size 1073741824 failed"),
    pa.lib.ArrowException("Unknown error: Failed to launch worker thread: Resource temporarily unavailable"),
    RuntimeError("can't start new thread"),
    ImportError("/x/libarrow.so: failed to map segment from shared object: Cannot allocate memory"),
    BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"),
    OSError(errno.ENOMEM, "Cannot allocate memory"),
]
OTHERS = [
    ValueError("no"),
    KeyError("x"),
    OSError(errno.ENOSPC, "No space left on device"),
    RuntimeError("other"),
]


@pytest.mark.parametrize("error", LACKS, ids=lambda error: type(error).__name__)
def test_every_kind_of_shortage_is_a_line(error: Exception) -> None:
    line = shortage(error)
    assert line is not None
    assert "\n" not in line
    assert line.startswith(f"Not enough memory or threads ({type(error).__name__}: {error}")


@pytest.mark.parametrize("error", OTHERS, ids=lambda error: type(error).__name__)
def test_nothing_else_is_called_a_shortage(error: Exception) -> None:
    assert shortage(error) is None


def test_an_error_that_nobody_expected_is_in_the_log_of_its_job(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), job(tmp_path / "job.log"):
        1 / 0  # noqa: B018
    lines = (tmp_path / "job.log").read_text().splitlines()
    assert lines[0].startswith("Traceback")
    assert lines[-1] == "ZeroDivisionError: division by zero"


def test_a_job_says_that_it_was_killed_until_it_ends_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    log = tmp_path / "job.log"
    with job(log):
        for number in range(30):
            note(log)(f"line {number}")
        lines = log.read_text().splitlines()
        assert lines[0].startswith("Still running, or ended from outside")
        # The partial report shows that line even where the log is long.
        partial.write([], {"results/report.html": "page"}, {"job": log})
        page = partial.PAGE.read_text()
        assert "ended from outside" in page
        assert "line 29" in page
    assert log.read_text().splitlines() == [f"line {number}" for number in range(30)]


def test_a_job_ends_with_the_line_and_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended, job(tmp_path / "job.log"):
        raise pa.lib.ArrowMemoryError("malloc of size 8 failed")
    assert ended.value.code == 1
    assert capsys.readouterr().err == (tmp_path / "job.log").read_text()
    assert (
        (tmp_path / "job.log")
        .read_text()
        .startswith("Not enough memory or threads (ArrowMemoryError: malloc")
    )
    with pytest.raises(ValueError, match="other"), job(tmp_path / "job.log"):
        raise ValueError("other")


@pytest.mark.parametrize("inside", [True, False])
def test_who_reads_no_more_makes_no_command_fail(inside: bool, tmp_path: Path) -> None:
    """As `snakemake plan | head -1` does."""
    log = str(tmp_path / "job.log")
    before = f"job({log!r})" if inside else "suppress()"
    code = (
        "import sys\nfrom contextlib import suppress\nfrom study.job import job, show\nsys.stdin.read()\n"
        f"with {before}:\n    show('one\\n' * 100_000)\n    show('two')\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.communicate(timeout=60)[1] == b""
    assert process.returncode == 0


def run_limited(command: list[str], size: int) -> subprocess.CompletedProcess[str]:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (size, size))

    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, preexec_fn=limit, timeout=900
    )


@pytest.mark.integration
def test_a_real_limit_is_named(tmp_path: Path) -> None:
    code = (
        "from study.job import job\nimport numpy as np\n"
        f"with job({str(tmp_path / 'job.log')!r}):\n    np.ones(10**9)\n"
    )
    done = run_limited([sys.executable, "-c", code], 4_000_000_000)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "`ulimit -v` allows this process 4.0 GB" in line


@pytest.mark.integration
@pytest.mark.parametrize("size", [600_000_000, pytest.param(2_000_000_000, marks=pytest.mark.slow)])
def test_under_a_limit_the_study_ends_well_or_in_a_line(size: int, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "snakemake", "--directory", str(tmp_path), "--configfile", str(TINY)]
    done = run_limited(command, size)
    assert "Traceback" not in done.stdout + done.stderr
    if done.returncode:
        assert re.search(r"`ulimit -v` allows (a|this) process", done.stderr)
    else:
        assert (tmp_path / "results" / "report.html").exists()
