"""Benchmark runs: recorded through pytest-benchmark into its own storage, and read back whatever their state."""

from __future__ import annotations

import hashlib
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil

from study.benchmarks import revisions
from study.errors import UserError

__all__ = ["Measured", "Run", "environment", "machine", "read", "record", "require"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """One benchmark of one run.

    Attributes
    ----------
    seconds
        (rounds,) float64; of one sample, run and step where the benchmark says how many those are.
    ceiling
        The machine's ceiling at each round, in the same unit; empty where it was not measured.
    solver, group
        What was timed, and what it can be compared with.
    """

    seconds: Floats
    ceiling: Floats
    solver: str
    group: str


@dataclass(frozen=True)
class Run:
    """One recorded run.

    Attributes
    ----------
    file
        Name of its file, machine folder included.
    commit, dirty
        What was measured, and whether there were changes that were not committed.
    committed, recorded
        When, as ISO 8601 in UTC; `committed` is `recorded` where the commit's time is unknown.
    machine
        A label that two runs share if CPU model, feature flags and number of cores are the same.
    load
        Load averages of one minute at start and end; nan where unknown.
    benchmarks
        Name to what was measured.
    """

    file: str
    commit: str
    dirty: bool
    committed: str
    recorded: str
    machine: str
    load: tuple[float, float]
    benchmarks: Mapping[str, Measured]

    @property
    def label(self) -> str:
        """The commit as a reader knows it: short, with a + where there were changes that were not committed."""
        return self.commit[:12] + ("+" if self.dirty else "")


def record(repository: Path, storage: Path, head: str, words: Sequence[str], note: Callable[[str], None]) -> Path:
    """Run this folder's benchmarks and add a run to a storage.

    Parameters
    ----------
    repository
        Where the project lies.
    storage
        Folder of pytest-benchmark's file storage.
    head
        Revision whose kernels are measured, by the benchmarks of this folder; `revisions.WORK_TREE` for this folder.
    words
        A benchmark is run if its name has one of them, or if there are none.
    note
        Told what a reader must know: changes that are not committed, a machine that is busy.

    Returns
    -------
    Path
        The new file.

    Raises
    ------
    UserError
        The revision is unknown, a benchmark fails, or pytest-benchmark is not installed.
    """
    require("pytest", "pytest_benchmark")
    busy, cores = psutil.getloadavg()[0], psutil.cpu_count() or 1
    if busy > cores / 2:
        note(
            f"the machine is busy (load {busy:.1f}, {cores} cores): the times will be noisy, and are kept with the load"
        )
    with revisions.checked_out(repository, head) as revision:
        if revision.changed:
            note("the work tree has changes that are not committed: the run is marked with a +")
        now = datetime.now(UTC).strftime("%Y%m%d_%H%M%S")
        name = f"{revision.commit}_{now}{'_uncommitted-changes' if revision.changed else ''}"
        command = [sys.executable, "-m", "pytest", "tests/bench", "-q", "-c", "pyproject.toml", "-o", "addopts="]
        command += [
            "-o",
            f"pythonpath={revision.tree} workflow tests",
            "--import-mode=prepend",
            "-p",
            "no:cacheprovider",
        ]
        command += ["-p", "study.benchmarks.plugin", f"--measured-tree={revision.tree}"]
        if not revision.changed:
            command += [f"--measured-commit={revision.commit}", f"--measured-time={revision.time}"]
        command += [f"--measured-only={word}" for word in words]
        command += [f"--benchmark-storage=file://{storage.resolve()}", f"--benchmark-save={name}"]
        command += ["--benchmark-save-data", "--benchmark-columns=median,iqr,rounds"]
        code = subprocess.run(command, cwd=repository, env=environment(), check=False).returncode  # noqa: S603
    found = sorted(storage.glob(f"*/*_{name}.json"))
    if code:
        kept = f"; what was measured is kept in {found[-1]}" if found else ""
        raise UserError(f"a benchmark failed, see above{kept}")
    if not found:
        raise UserError(f"no benchmark has one of {list(words)} in its name: nothing was recorded")
    return found[-1]


def environment() -> dict[str, str]:
    """Give the environment of this process without what a pytest around it left there, and told to leave no bytecode.

    As a worker of pytest-xdist the benchmarks would refuse to measure, and options from outside would change what is
    measured.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    # Python tells old bytecode by second and size: an edit of the same length within a second would not be measured.
    return kept | {"PYTHONDONTWRITEBYTECODE": "1"}


def require(*packages: str) -> None:
    """Raise UserError if a package that only benchmarks need is not installed."""
    missing = [name.replace("_", "-") for name in packages if not find_spec(name)]
    if missing:
        raise UserError(f"benchmarks need {' and '.join(missing)}: pip install -r requirements-dev.lock")


def read(storages: Iterable[Path]) -> tuple[list[Run], list[str]]:
    """Read every run of some storages.

    Parameters
    ----------
    storages
        Folders of pytest-benchmark's file storage; one that is not there holds no run.

    Returns
    -------
    runs
        In order of commit, then of recording.
    problems
        A line for each file, and each benchmark in one, that cannot be read; all others are in `runs`.
    """
    runs, problems = list[Run](), list[str]()
    for path in sorted(path for storage in storages for path in storage.glob("*/*.json")):
        file = f"{path.parent.name}/{path.name}"
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            runs.append(_run(file, content, problems))
        except json.JSONDecodeError as error:
            problems.append(f"{file}: left out, no valid JSON (line {error.lineno}: {error.msg}); cut short?")
        except UnicodeDecodeError:
            problems.append(f"{file}: left out, not text in UTF-8")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            problems.append(f"{file}: left out, not a run of pytest-benchmark ({type(error).__name__}: {error})")
    runs.sort(key=lambda run: (run.committed, run.commit, run.recorded, run.file))
    return runs, problems


def _run(file: str, content: Mapping[str, Any], problems: list[str]) -> Run:
    """Make a run of a file's content."""
    commit, benchmarks = content["commit_info"], dict[str, Measured]()
    for entry in content["benchmarks"]:
        name = str(entry["fullname"]).rpartition("::")[2]
        try:
            benchmarks[name] = _measured(entry)
        except (KeyError, TypeError, ValueError) as error:
            problems.append(f"{file}: {name} left out, it has no times ({type(error).__name__}: {error})")
    session = content.get("session", {})
    recorded = _utc(content["datetime"])
    return Run(
        file=file,
        commit=str(commit["id"]),
        dirty=bool(commit.get("dirty")),
        committed=_utc(commit["time"]) if commit.get("time") else recorded,
        recorded=recorded,
        machine=machine(content["machine_info"]),
        load=(float(session.get("load_start", [math.nan])[0]), float(session.get("load_end", [math.nan])[0])),
        benchmarks=benchmarks,
    )


def _measured(entry: Mapping[str, Any]) -> Measured:
    """Make one benchmark's times of its entry; of a run without raw samples, its quartiles stand for them."""
    stats, info = entry["stats"], entry.get("extra_info", {})
    seconds = np.array(stats.get("data") or [stats[key] for key in ("q1", "median", "q3")], dtype=np.float64)
    ceiling = np.array(info.get("ceiling", []), dtype=np.float64)[-len(seconds) :]  # the first ones are of the warm-up
    if not (np.isfinite(seconds).all() and (seconds > 0).all()):
        raise ValueError("times must be positive and finite")
    work = float(info.get("sample_steps", 1))
    group = str(entry.get("group") or "")
    return Measured(
        seconds / work,
        ceiling / work if len(ceiling) == len(seconds) else ceiling[:0],
        str(info.get("solver", "")),
        group,
    )


def machine(info: Mapping[str, Any]) -> str:
    """Name a machine by what its speed depends on: CPU model, feature flags, cores that may be used."""
    cpu = info.get("cpu", {})
    model, cores = cpu.get("brand_raw") or info.get("processor") or "unknown CPU", info.get("threads", cpu.get("count"))
    flags = hashlib.sha256(" ".join(sorted(cpu.get("flags", []))).encode()).hexdigest()[:4]
    return f"{model}, {cores or 'unknown'} cores, flags {flags}"


def _utc(text: str) -> str:
    """Return a time in ISO 8601 as UTC to the second, so that texts sort as times do."""
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).isoformat(timespec="seconds")
