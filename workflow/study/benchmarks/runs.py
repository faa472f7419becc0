"""Benchmark runs in the storage of pytest-benchmark, read whatever their state."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Measured", "Run", "machine", "read"]

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
