"""Compare the benchmarks of two revisions in one session, so that noise and change can be distinguished.

Several processes of each revision run at once and take one round each in turn, in an order drawn anew for
every round. So a machine that slows down, or is shared, slows both sides alike, and
`study.benchmarks.verdicts` removes that effect.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from study.benchmarks import record, revisions, verdicts
from study.benchmarks.revisions import Revision
from study.benchmarks.sides import Floats, Side, measure, offered, workers
from study.benchmarks.tables import COMPARISON
from study.errors import UserError
from study.files import replacing
from study.schema import nearest
from study.tables import store

__all__ = [
    "Comparison",
    "Side",
    "common",
    "compare",
    "judged",
    "measure",
    "offered",
    "report",
    "workers",
    "write",
]


@dataclass(frozen=True)
class Comparison:
    """What a comparison found.

    Attributes
    ----------
    base, head
        Labels of the revisions.
    findings
        Findings by benchmark.
    medians
        Median seconds of base and head by benchmark; of one sample, run and step where known.
    samples
        All seconds of base and head by benchmark, each (rounds, processes).
    notes
        What a reader must know: benchmarks that only one side has, changes that are not committed.
    margin
        Largest difference that counts as none.
    """

    base: str
    head: str
    findings: dict[str, verdicts.Finding]
    medians: dict[str, tuple[float, float]]
    samples: dict[str, tuple[Floats, Floats]]
    notes: tuple[str, ...]
    margin: float

    def failures(self, threshold: float) -> list[str]:
        """Name the benchmarks that are slower by more than `threshold`, such as 0.05."""
        return [
            name
            for name, found in self.findings.items()
            if found.verdict == "slower" and found.ratio > 1 + threshold
        ]


def common(base: list[str], head: list[str], words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Choose the benchmarks of both sides whose name has one of `words`, and say what is left out.

    Returns
    -------
    names, notes
        In the order of the head.
    """
    wanted = [
        [name for name in names if not words or any(w in name for w in words)] for names in (base, head)
    ]
    notes = []
    for (side, own), other in zip(
        (("base", wanted[0]), ("head", wanted[1])), (wanted[1], wanted[0]), strict=True
    ):
        free = [name for name in other if name not in own]
        notes += [f"only in {side}: {name}{nearest(name, free)}" for name in own if name not in other]
    return [name for name in wanted[1] if name in wanted[0]], notes


def compare(
    repository: Path,
    base: str,
    head: str,
    *,
    benchmarks: Sequence[str],
    processes: int,
    count: int,
    margin: float,
    environments: Path,
    note: Callable[[str], None],
) -> Comparison:
    """Run the benchmarks of two revisions, interleaved, and judge them.

    Parameters
    ----------
    repository
        The project's folder.
    base, head
        Revisions; `revisions.WORK_TREE` for the folder as it is.
    benchmarks
        Words; a benchmark is run if its name has one of them, or if there are none.
    processes
        Processes of each side.
    count
        Rounds of each benchmark.
    margin
        Largest difference that counts as none, such as 0.02.
    environments
        Where environments are made if the revisions need their own.
    note
        Takes a line about the progress.

    Raises
    ------
    UserError
        A revision is unknown, cannot be installed or does not run, or the two have no benchmark in common.
    """
    with revisions.checked_out(repository, base) as old, revisions.checked_out(repository, head) as new:
        notes = _warnings(repository, old, new, head)
        pythons = revisions.interpreters((old.tree, new.tree), environments, note)
        if sys.executable in pythons:
            record.require("pytest")
        note(f"Comparing {old.label} with {new.label}: {processes} processes each, {count} rounds.")
        pairs = [(pythons[0], old.tree)] * processes + [(pythons[1], new.tree)] * processes
        samples: dict[str, tuple[Floats, Floats]] = {}
        with workers(pairs) as sides:
            notes += _measure_all(sides, benchmarks, processes, count, samples, note)
    return judged(samples, old.label, new.label, notes, margin)


def _measure_all(
    sides: Sequence[Side],
    words: Sequence[str],
    processes: int,
    count: int,
    samples: dict[str, tuple[Floats, Floats]],
    note: Callable[[str], None],
) -> list[str]:
    """Fill `samples` with the seconds of every benchmark that both have; return what was left out, and why.

    The first `processes` sides are those of the base.
    """
    found = [offered(side) for side in sides]
    names, notes = common(found[0], found[-1], words)
    if not names:
        raise UserError(f"base and head have no benchmark in common with {list(words)}")
    for side in sides:
        side.send(names)
    order = random.Random(0)  # noqa: S311
    for name in names:
        seconds = measure(sides, name, count, order)
        if isinstance(seconds, str):
            notes.append(f"not compared: {name}: {seconds}")
        else:
            samples[name] = seconds[0][:, :processes], seconds[0][:, processes:]
            note(f"measured {len(samples)} of {len(names)}: {name}")
    return notes


def judged(
    samples: dict[str, tuple[Floats, Floats]], base: str, head: str, notes: Sequence[str], margin: float
) -> Comparison:
    """Judge what was measured."""
    if not samples:
        raise UserError("\n".join(["no benchmark could be compared", *notes]))
    findings = verdicts.verdicts(samples, margin=margin)
    least = verdicts.least_p(min(side.shape[1] for pair in samples.values() for side in pair)) * len(samples)
    weak = f"with so few processes p is at least {least:.2g}: nothing can be called slower or faster"
    return Comparison(
        base,
        head,
        findings,
        {name: (float(np.median(one)), float(np.median(two))) for name, (one, two) in samples.items()},
        samples,
        (*notes, weak) if least >= verdicts.ALPHA else tuple(notes),
        margin,
    )


def _warnings(repository: Path, old: Revision, new: Revision, head: str) -> list[str]:
    """Say what could mislead about the two revisions."""
    notes = []
    if old.commit == new.commit and not (old.changed or new.changed):
        notes.append("base and head are the same commit: whatever is found is noise")
    if head != revisions.WORK_TREE and revisions.changed(repository):
        notes.append("the work tree has changes that are not committed; they are in neither side")
    if new.changed or old.changed:
        notes.append("the work tree is measured with its changes that are not committed (marked +)")
    return notes


def report(found: Comparison) -> str:
    """Format a comparison as text."""
    head = ("benchmark", "base", "head", "head / base", "95% interval", "p (Holm)", "verdict")
    rows = [
        (
            short(name),
            _time(found.medians[name][0]),
            _time(found.medians[name][1]),
            f"{finding.ratio:.3f}",
            f"{finding.low:.3f} to {finding.high:.3f}",
            f"{finding.p:.2g}",
            worded(finding.verdict, found.margin),
        )
        for name, finding in found.findings.items()
    ]
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (head, *rows)
    ]
    title = f"{found.base} (base) and {found.head} (head); a ratio above 1 is slower"
    return "\n".join([title, *lines, *(f"note: {line}" for line in found.notes)])


def short(name: str) -> str:
    """Return a benchmark's name without its file."""
    return name.partition("::")[2] or name


def worded(verdict: str, margin: float) -> str:
    """Return a verdict as it is printed."""
    return f"no difference larger than {100 * margin:g}%" if verdict == "no difference" else verdict


def _time(seconds: float) -> str:
    """Write a time with its unit."""
    unit, factor = next(
        (u, f) for u, f in (("s", 1), ("ms", 1e3), ("us", 1e6), ("ns", 1e9)) if seconds * f >= 1 or u == "ns"
    )
    return f"{seconds * factor:.3g} {unit}"


def frame(found: Comparison) -> pd.DataFrame:
    """Return a comparison as the table `comparison`."""
    rows = [
        {
            "benchmark": name,
            "base": found.base,
            "head": found.head,
            "base_seconds": found.medians[name][0],
            "head_seconds": found.medians[name][1],
            "ratio": finding.ratio,
            "ratio_low": finding.low,
            "ratio_high": finding.high,
            "p": finding.p,
            "verdict": worded(finding.verdict, found.margin),
        }
        for name, finding in found.findings.items()
    ]
    return pd.DataFrame(rows)


def write(found: Comparison, csv: Path, raw: Path) -> None:
    """Write a comparison as a table, and every sample of it as JSON."""
    store.write(frame(found), COMPARISON, csv)
    content = {
        "base": found.base,
        "head": found.head,
        "notes": found.notes,
        "findings": {name: asdict(finding) for name, finding in found.findings.items()},
        "seconds": {
            name: {"base": one.tolist(), "head": two.tolist()} for name, (one, two) in found.samples.items()
        },
    }
    with replacing(raw) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
