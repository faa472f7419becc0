"""Benchmark runs in the storage of pytest-benchmark, read even if some files are damaged."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from study.benchmarks import storage
from study.errors import printable

__all__ = ["Measured", "Run", "read"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """One benchmark of one run.

    Attributes
    ----------
    seconds
        (rounds,) float64; of one sample, run and step where the benchmark says how many those are.
    reference
        Time of the reference loop before each round, in the same unit; empty where it was not measured.
    solver, group
        What was timed, and what it can be compared with.
    """

    seconds: Floats
    reference: Floats
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
        A label, the same for two runs if CPU model, feature flags and number of cores are the same.
    software
        Versions of what else a time depends on, such as ``numba 0.68.1``, and a digest of the benchmarks; by
        name.
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
    software: Mapping[str, str]
    load: tuple[float, float]
    benchmarks: Mapping[str, Measured]

    @property
    def label(self) -> str:
        """The commit for readers: short, with a + where there were changes that were not committed."""
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
        In order of the time of their commits, then of recording. A file of which there are copies is read
        once.
    problems
        A line for each file, and each benchmark in one, that cannot be read; all others are in `runs`.
    """
    files, problems = storage.files(storages)
    runs, seen, copies = list[Run](), set[str](), list[str]()
    for name, path in files:
        try:
            content = path.read_bytes()
        except OSError as error:
            problems.append(f"{name}: left out, it cannot be read ({error.strerror})")
            continue
        digest = hashlib.sha256(content).hexdigest()
        if digest in seen:
            copies.append(name)
            continue
        seen.add(digest)
        try:
            runs.append(_run(name, json.loads(content), problems))
        except RecursionError:
            problems.append(f"{name}: left out, nested too deeply")
        except ValidationError as error:
            problems.append(f"{name}: left out, {_reason(error)}")
        except ValueError as error:
            problems.append(printable(f"{name}: left out, no valid JSON ({error}); cut short?"))
    if copies:
        problems.append(f"counted once, because they are copies of others: {', '.join(copies)}")
    runs.sort(key=lambda run: (run.committed, run.commit, run.dirty, run.recorded, run.file))
    return runs, problems


# --- The form of a file -------------------------------------------------------------------------------------


def _utc(text: str) -> str:
    """Return a time in ISO 8601 as UTC to the second, so that text sorts as time does."""
    try:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat(timespec="seconds")
    except OverflowError:
        raise ValueError("before the year 1 or after the year 9999") from None


def _positive(value: float) -> float:
    """Accept a time or an amount of work; within the limits no ratio of two overflows."""
    if not 1e-30 < value < 1e30:
        raise ValueError(f"{value} is not a time or an amount of work: those are positive and finite")
    return value


Text = Annotated[str, AfterValidator(printable)]
Moment = Annotated[str, AfterValidator(_utc)]
Amount = Annotated[float, AfterValidator(_positive)]


class _Form(BaseModel):
    """A part of a file; unknown keys are ignored."""

    model_config = ConfigDict(strict=True, frozen=True)


class _Commit(_Form):
    id: Annotated[Text, Field(min_length=1)]
    time: Any = None
    dirty: bool | None = None


class _Cpu(_Form):
    brand_raw: Text | None = None
    flags: list[Text] = []
    count: int | None = None


class _Machine(_Form):
    cpu: _Cpu = _Cpu()
    processor: Text | None = None
    threads: int | None = None
    packages: dict[Text, Text] = {}
    python_version: Text | None = None


class _Session(_Form):
    load_start: Sequence[float] = ()
    load_end: Sequence[float] = ()
    benchmarks: Text | None = None


class _File(_Form):
    """A file that pytest-benchmark wrote; its benchmarks are checked one by one."""

    benchmarks: list[Any]
    commit_info: _Commit
    machine_info: _Machine
    datetime: Moment
    session: _Session = _Session()


class _Stats(_Form):
    data: list[Amount] | None = None
    q1: Amount | None = None
    median: Amount | None = None
    q3: Amount | None = None

    @model_validator(mode="after")
    def _has_times(self) -> Self:
        if not self.data and None in {self.q1, self.median, self.q3}:
            raise ValueError("it has no times")
        return self


class _Info(_Form):
    sample_steps: Amount = 1.0
    solver: Text = ""
    ceiling: list[Amount] = []  # the reference loop, by its first name


class _Entry(_Form):
    fullname: Annotated[Text, Field(min_length=1)]
    group: Text | None = None
    stats: _Stats
    extra_info: _Info = _Info()


def _reason(error: ValidationError) -> str:
    """Say in a few words why a file or a benchmark does not have the form that it should."""
    first = error.errors(include_url=False)[0]
    place = ".".join(map(str, first["loc"]))
    return printable(
        f"not as pytest-benchmark writes it ({place}: {first['msg'].removeprefix('Value error, ')})"
    )


def _run(name: str, content: Any, problems: list[str]) -> Run:
    """Make a run from a file's content."""
    file = _File.model_validate(content)
    benchmarks = dict[str, Measured]()
    for number, given in enumerate(file.benchmarks):
        try:
            entry = _Entry.model_validate(given)
            benchmark = entry.fullname.partition("::")[2] or entry.fullname
            if benchmark in benchmarks:
                problems.append(f"{name}: {benchmark} is there twice, the second is left out")
            else:
                benchmarks[benchmark] = _measured(entry)
        except ValidationError as error:
            problems.append(f"{name}: {_named(given, number)} left out, {_reason(error)}")
    if not file.benchmarks:
        problems.append(f"{name}: has no benchmark")
    return Run(
        file=name,
        commit=file.commit_info.id,
        dirty=bool(file.commit_info.dirty),
        committed=_committed(file, name, problems),
        recorded=file.datetime,
        machine=_machine(file.machine_info),
        software=_software(file),
        load=(next(iter(file.session.load_start), math.nan), next(iter(file.session.load_end), math.nan)),
        benchmarks=benchmarks,
    )


def _named(given: Any, number: int) -> str:
    """Name a benchmark whose entry may be malformed."""
    name = given.get("fullname") if isinstance(given, dict) else None
    return (
        printable(name.partition("::")[2] or name)
        if isinstance(name, str) and name
        else f"benchmark {number}"
    )


def _committed(file: _File, name: str, problems: list[str]) -> str:
    """Return when the commit was made; where that is unknown, when the run was recorded."""
    time = file.commit_info.time
    if not time:
        return file.datetime
    try:
        return _utc(time)
    except (TypeError, ValueError) as error:
        problems.append(
            printable(f"{name}: placed by the time of recording; its commit's time is not valid ({error})")
        )
        return file.datetime


def _measured(entry: _Entry) -> Measured:
    """Make one benchmark's times from its entry; without raw samples, its quartiles take their place."""
    given, info = entry.stats, entry.extra_info
    seconds = np.array(given.data or [x for x in (given.q1, given.median, given.q3) if x], dtype=np.float64)
    reference = np.array(info.ceiling, dtype=np.float64)[-len(seconds) :]  # the first ones are of the warm-up
    return Measured(
        seconds / info.sample_steps,
        reference / info.sample_steps if len(reference) == len(seconds) else reference[:0],
        info.solver,
        entry.group or "",
    )


def _software(file: _File) -> dict[str, str]:
    """Name what a time depends on apart from the machine and the kernels, where it was recorded."""
    also = {"Python": file.machine_info.python_version, "benchmarks": file.session.benchmarks}
    return dict(file.machine_info.packages) | {name: version for name, version in also.items() if version}


def _machine(info: _Machine) -> str:
    """Name a machine by what its speed depends on: CPU model, feature flags, cores in use."""
    model = info.cpu.brand_raw or info.processor or "unknown CPU"
    cores = info.threads or info.cpu.count or "unknown"
    flags = hashlib.sha256(" ".join(sorted(info.cpu.flags)).encode()).hexdigest()[:4]
    return f"{model}, {cores} cores, flags {flags}"
