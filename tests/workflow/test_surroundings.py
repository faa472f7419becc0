"""What users bring along: config files with slips, a notebook's settings, containers, caches, killed jobs."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pandas as pd
import psutil
import pytest
import running

pytestmark = pytest.mark.processes

ROOT = running.ROOT
NOTEBOOK = "module://matplotlib_inline.backend_inline"


def mounted(folder: Path, place: str) -> list[str]:
    """A prefix that runs a command with `folder` mounted at `place`; skips the test where that cannot be."""
    prefix = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    prefix += ["sh", "-c", f"mount --bind '{folder}' {place} && exec \"$@\"", "sh"]
    if not shutil.which("unshare") or subprocess.run([*prefix, "true"], check=False).returncode:
        pytest.skip("nothing can be mounted here")
    return prefix


def test_a_slip_in_a_config_file_is_refused_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("max_steps: 100\nseed: 010\nmax_steps: 200\n")
    done = running.snakemake(tmp_path / "study", "--configfile", str(tmp_path / "mine.yaml"))
    assert done.returncode != 0
    lines = [
        line for line in done.stderr.splitlines() if line and not line.startswith(("Using ", "Config file "))
    ]
    assert [line.split(": ")[:2] for line in lines] == [
        [f"{tmp_path / 'mine.yaml'}, line 3", "max_steps"],
        [f"{tmp_path / 'mine.yaml'}, line 2", "seed"],
    ]
    assert not (tmp_path / "study" / "results").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"seeds: 3  # f\xfcr mich\n", "UnicodeDecodeError"),
        ("seeds: 3\n".encode("utf-16"), "UnicodeDecodeError"),
        (b"seeds: 3\ncurves:\n\tseeds: 1\n", "Config file is not valid JSON or YAML"),
        (b"\xef\xbb\xbfseeds: 3\r\n", ""),  # as Windows writes it
    ],
)
def test_what_snakemake_says_of_a_config_file_is_in_the_documentation(
    content: bytes, said: str, tmp_path: Path
) -> None:
    (tmp_path / "mine.yaml").write_bytes(content)
    done = running.snakemake(tmp_path, "-n", "--configfile", str(tmp_path / "mine.yaml"))
    assert (done.returncode == 0) == (not said), done.stderr
    assert said in done.stdout + done.stderr
    assert f"| `{said}` |" in (ROOT / "config" / "README.md").read_text() or not said
    if "YAML" in said:
        code = f'import yaml; yaml.safe_load(open("{tmp_path / "mine.yaml"}"))'
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert "line 3, column 1" in other.stderr


def test_a_target_after_the_config_file_is_taken_for_one_as_the_documentation_says(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("seeds: 3\n")
    message = "No such file or directory: 'check'"
    assert message in running.snakemake(tmp_path, "--configfile", str(tmp_path / "mine.yaml"), "check").stderr
    assert f"| `{message}` |" in (ROOT / "config" / "README.md").read_text()


def test_a_config_file_with_an_empty_mapping_is_the_default_study(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("{}\n")
    done = running.snakemake(tmp_path, "-n", "--configfile", str(tmp_path / "mine.yaml"))
    assert done.returncode == 0, done.stderr
    assert re.search(r"^sweep +8$", done.stdout + done.stderr, re.MULTILINE)


def test_the_backend_of_a_notebook_does_not_matter(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figure = study / "results" / "figures" / "factor.svg"
    before = figure.read_bytes()
    monkeypatch.setenv("MPLBACKEND", NOTEBOOK)
    running.tiny(study, "--forcerun", "figures_law", "--until", "figures_law")
    assert figure.read_bytes() == before


def test_a_backend_is_left_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", NOTEBOOK)
    code = "import os, study.figures; print(os.environ['MPLBACKEND'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == NOTEBOOK


def test_a_container_runs_no_more_jobs_at_once_than_it_may(study: Path, tmp_path: Path) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one core only")
    (tmp_path / "cgroup").mkdir()
    (tmp_path / "cgroup" / "cpu.max").write_text("50000 100000\n")
    limited = mounted(tmp_path / "cgroup", "/sys/fs/cgroup")
    words = ["plan", "--configfile", str(study / "tiny.yaml")]
    done = running.snakemake(study, *words, before=limited)
    assert done.returncode == 0, done.stderr
    assert "this container may use 1: no more jobs run at once" in done.stderr
    assert "Provided cores: 1 " in done.stderr
    assert "on 1 core of this machine" in done.stdout
    done = running.snakemake(study, *words, "--cores", "1", before=limited)
    assert "this container" not in done.stderr


@pytest.mark.parametrize("given", ["", "many"])
def test_a_number_of_cores_that_is_none_does_not_end_a_command(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", given)
    done = running.snakemake(tmp_path, "help")
    assert done.returncode == 0, done.stderr


def test_nor_does_an_empty_limit_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "cgroup").mkdir()
    (tmp_path / "cgroup" / "cpu.max").write_text("")
    done = running.snakemake(tmp_path, "help", before=mounted(tmp_path / "cgroup", "/sys/fs/cgroup"))
    assert done.returncode == 0, done.stderr


def test_a_setting_that_numba_refuses_is_named_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_NUM_THREADS", "0")
    done = running.snakemake(tmp_path, "-n", before=["env"])  # a process that has not loaded it
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("Numba cannot be loaded (Number of threads specified")
    assert "unset what is wrong of: NUMBA_" in done.stderr
    assert "NUMBA_NUM_THREADS=0" in done.stderr


def as_nobody(*variables: str) -> list[str]:
    """A prefix that runs a command as a user whom the system does not know; skips the test elsewhere."""
    prefix = ["setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups"]
    prefix += [f"--{kind}-caps=+dac_read_search" for kind in ("inh", "ambient")]  # this tree may be private
    prefix += ["env", "-u", "USER", "-u", "LOGNAME", "-u", "LNAME", "-u", "USERNAME", *variables]
    if not shutil.which("setpriv") or subprocess.run([*prefix, "true"], check=False).returncode:
        pytest.skip("no other user can be taken on here")
    return prefix


def test_a_user_without_a_name_can_run_the_study(tmp_path: Path) -> None:
    os.chown(tmp_path, 54321, 54321)
    done = running.snakemake(tmp_path, "help", before=as_nobody(f"HOME={tmp_path}"))
    assert done.returncode == 0, done.stderr
    assert "User: 54321" in done.stderr


@pytest.mark.parametrize(
    "closed", [".snakemake/claim", ".snakemake/metadata", "results/tables", ".snakemake"]
)
def test_what_another_user_does_not_share_is_named_in_a_line(closed: str, tmp_path: Path) -> None:
    for name in ("results/tables", ".snakemake/metadata", ".snakemake/log", ".snakemake/locks"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / ".snakemake" / "claim").touch()
    for path in (tmp_path, *tmp_path.rglob("*")):
        os.chown(path, 54321, 54321)
    os.chown(tmp_path / closed, 0, 0)
    home = tmp_path.parent / f"{tmp_path.name}-home"
    home.mkdir()
    os.chown(home, 54321, 54321)
    done = running.snakemake(tmp_path, "--config", "max_steps=10", before=as_nobody(f"HOME={home}"))
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    line = f"{closed}: cannot be written; allowed: a folder that this user can write to; to continue another"
    assert done.stderr.splitlines()[-1].startswith(line)


def test_code_is_kept_with_the_study_where_the_cache_cannot_be_written(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/proc/none")
    output = running.tiny(study, "--forcerun", "minima", "--until", "minima")
    [line] = [line for line in output.splitlines() if "cannot be written" in line]
    assert line.startswith("/proc/none/")
    assert "compiled code is kept in .snakemake/compiled" in line
    kept = list((study / ".snakemake" / "compiled").rglob("*.code"))
    assert kept
    running.tiny(study, "--forcerun", "minima", "--until", "minima")
    assert set((study / ".snakemake" / "compiled").rglob("*.code")) == set(kept)


def test_results_that_are_a_link_to_nowhere_are_reported(tmp_path: Path) -> None:
    (tmp_path / "results").symlink_to(tmp_path / "scratch" / "mine")
    done = running.snakemake(tmp_path, "--config", "max_steps=10")
    assert done.returncode != 0
    line = f"results: a link to {tmp_path / 'scratch' / 'mine'}, which does not exist; make that folder"
    assert line in done.stderr


def test_no_room_for_the_partial_report_either_is_said_in_a_line(study: Path) -> None:
    limited = ["sh", "-c", 'ulimit -f 20; exec "$@"', "sh"]  # files of 10 kB at most: no figure, no page
    words = ["--forcerun", "figures_law", "--until", "figures_law"]
    done = running.snakemake(study, *words, "--configfile", str(study / "tiny.yaml"), before=limited)
    assert done.returncode != 0
    assert "results: File too large" in done.stderr
    assert "results/partial.html: cannot be written (File too large)" in done.stderr
    assert "Traceback" not in done.stderr


def kill_when_at_work(log: Path) -> None:
    """Kill the job that has written the first line of its log, as the system does when memory runs out."""
    for _ in range(2400):
        if log.exists() and log.read_text():
            break
        time.sleep(0.025)
    for process in psutil.process_iter(["cmdline"]):
        words = " ".join(process.info["cmdline"] or [])
        if f"{log.parents[2]}/.snakemake/scripts/" in words and words.startswith(sys.executable):
            process.send_signal(signal.SIGKILL)


def test_a_job_that_was_killed_says_so_in_its_log_and_on_the_partial_report(study: Path) -> None:
    log = study / "results" / "logs" / "sensitivity.log"
    log.unlink()
    killer = threading.Thread(target=kill_when_at_work, args=[log])
    killer.start()
    words = ["--forcerun", "sensitivity", "--configfile", str(study / "tiny.yaml")]
    done = running.snakemake(study, *words)
    killer.join()
    assert done.returncode != 0
    page = (study / "results" / "partial.html").read_text()
    for text in (log.read_text(), done.stderr, page):
        assert "ended from outside: by the system, as it does when memory runs out" in text


def test_no_two_marks_of_the_page_have_one_name(finished: Path) -> None:
    page = (finished / "results" / "report.html").read_text()
    names = Counter(re.findall(r'\sid="([^"]+)"', page))
    assert len(names) > 100
    assert names.most_common(1)[0][1] == 1


def test_the_tables_for_spreadsheets_have_the_numbers_of_the_others_to_the_last_bit(finished: Path) -> None:
    compared = 0
    for path in (finished / "results" / "tables").glob("*.csv"):
        exact, read = pd.read_parquet(path.with_suffix(".parquet")), pd.read_csv(path)
        for name in exact.select_dtypes("float"):
            pd.testing.assert_series_equal(read[name].astype(float), exact[name], check_exact=True)
            compared += len(exact)
    assert compared > 100
