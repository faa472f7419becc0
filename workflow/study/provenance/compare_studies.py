"""How the results of two studies differ, made with different commits, machines or configs.

Files are compared byte by byte first: those that are identical are reported as such and not examined further.
In the other tables, rows are matched by what they are about, never by their numbers, so that studies of
different grids can be compared. Two rows differ if their results do; differences in how a study was set up,
such as its budget, are reported separately.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from study import pages, wording
from study.errors import UserError
from study.files import digest, replacing
from study.provenance.tables import STUDIES
from study.tables import store
from study.tables.table import conform

__all__ = ["Differences", "compare", "page", "report", "write"]

_SHOWN: Final = 100


@dataclass
class Differences:
    """What was found.

    Attributes
    ----------
    base, head
        The folders, as given.
    provenance
        Rows of name, base, head: commits and versions that differ.
    files
        Rows of file and `identical`, `differs`, `only in base` or `only in head`.
    rows
        The table `studies`: a row for each cell, step, verdict and evidence that differs.
    counts
        By kind, the number of rows that both have, and of those the number whose results are equal.
    beside
        By kind, the columns that are not results and differ, each with the number of rows.
    notes
        What could not be compared, and why.
    """

    base: Path
    head: Path
    provenance: list[tuple[str, str, str]] = field(default_factory=list)
    files: list[tuple[str, str]] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)
    beside: dict[str, dict[str, int]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def identical(self) -> bool:
        """Whether all tables are the same bytes."""
        return all(state == "identical" for _, state in self.files)


def compare(base: Path, head: Path) -> Differences:
    """Compare two results folders.

    Parameters
    ----------
    base, head
        Each a `results` folder, or a folder that has one.

    Raises
    ------
    UserError
        A folder holds no tables.
    """
    out = Differences(base, head)
    folders = _results("base", base), _results("head", head)
    names = sorted(
        {path.name for folder in folders for path in (folder / "tables").iterdir() if path.is_file()}
    )
    for name in names:
        out.files.append((f"tables/{name}", _state(*(folder / "tables" / name for folder in folders))))
    out.provenance = _provenance(folders, out.notes)
    for kind in _KINDS:
        _compare_table(out, folders, kind)
    out.notes = list(dict.fromkeys(out.notes))  # a table can be read for several kinds
    return out


def _results(side: str, folder: Path) -> Path:
    """Find the results in a folder that was given."""
    if not str(folder) or folder == Path():
        raise UserError(
            f"{side}: not given; allowed: the folder of a study or its results, as in --config {side}=DIR"
        )
    for candidate in (folder, folder / "results"):
        if (candidate / "tables").is_dir():
            return candidate
    why = "holds no results: it has no folder `tables`" if folder.is_dir() else "is not a folder"
    raise UserError(f"{side}: {str(folder)!r} {why}; allowed: the folder of a study or its results")


def _state(base: Path, head: Path) -> str:
    """Say how two files differ."""
    if not (base.exists() and head.exists()):
        return "only in base" if base.exists() else "only in head"
    return "identical" if digest(base) == digest(head) else "differs"


def _provenance(folders: tuple[Path, Path], notes: list[str]) -> list[tuple[str, str, str]]:
    """List commits and versions that differ, from the summaries."""
    found: list[dict[str, str]] = []
    for side, folder in zip(("base", "head"), folders, strict=True):
        try:
            content = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
            found.append({"commit": str(content.get("commit", "unknown")), **content.get("versions", {})})
        except (OSError, ValueError, AttributeError, TypeError):
            notes.append(f"{side}: summary.json cannot be read, so its commit and versions are unknown")
            found.append({})
    base, head = found
    names = [name for name in dict.fromkeys([*base, *head]) if base.get(name) != head.get(name)]
    return [(name, base.get(name, "unknown"), head.get(name, "unknown")) for name in names]


def _read(folder: Path, kind: _Kind, notes: list[str], side: str) -> pd.DataFrame | None:
    """Read a table of any commit, indexed by what its rows are about; None, with a note, if that fails."""
    path = folder / "tables" / f"{kind.table}.parquet"
    if not path.exists():
        return None
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        notes.append(
            f"{side}: tables/{path.name} cannot be read, so it is left out: {str(error).splitlines()[0]}"
        )
        return None
    missing = [column for column in (*kind.key, *kind.results) if column not in frame.columns]
    if missing:
        notes.append(f"{side}: tables/{path.name} has no column {', '.join(missing)}, so it is left out")
        return None
    labels = [[_worded(value) for value in frame[column]] for column in kind.key]
    frame.index = pd.Index([" ".join(part for part in parts if part) for parts in zip(*labels, strict=True)])
    return frame[~frame.index.duplicated()]


def _worded(value: Any) -> str:
    """Write a part of a key; nan, which means none, as nothing."""
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.6g}"
    return str(value)


def _compare_table(out: Differences, folders: tuple[Path, Path], kind: _Kind) -> None:
    """Match the rows of a table, and list those whose results differ."""
    if dict(out.files).get(f"tables/{kind.table}.parquet") == "identical":
        size = len(pd.read_parquet(folders[0] / "tables" / f"{kind.table}.parquet", columns=[kind.key[0]]))
        out.counts[kind.name] = size, size
        return
    base, head = (
        _read(folder, kind, out.notes, side) for side, folder in zip(("base", "head"), folders, strict=True)
    )
    if base is None or head is None:
        if (base is None) != (head is None):
            out.notes.append(
                f"only one side has a table {kind.table} that can be read: no {kind.name} is compared"
            )
        return
    both = base.index.intersection(head.index, sort=False)
    for side, own in (("base", base), ("head", head)):
        for item in own.index.difference(both, sort=False):
            text = kind.described(own.loc[item])[0]
            out.rows.append(
                {"kind": kind.name, "item": item, "base": "", "head": "", "ratio": math.nan} | {side: text}
            )
    shared = [column for column in base.columns if column in head.columns]
    one, two = base.loc[both, shared], head.loc[both, shared]
    unlike = ~((one == two) | (one.isna() & two.isna()))
    differ = unlike[list(kind.results)].any(axis=1).to_numpy()
    out.counts[kind.name] = len(both), int((~differ).sum())
    settings = [column for column in shared if column in kind.settings and unlike[column].any()]
    out.beside[kind.name] = {column: int(unlike[column].sum()) for column in settings}
    for item in both[differ]:
        (text, value), (other, changed) = kind.described(base.loc[item]), kind.described(head.loc[item])
        ratio = changed / value if value > 0 and math.isfinite(value) and math.isfinite(changed) else math.nan
        out.rows.append({"kind": kind.name, "item": item, "base": text, "head": other, "ratio": ratio})


def _cell(row: pd.Series[Any]) -> tuple[str, float]:
    return str(row["text"]), float(row["slowdown"]) if not row["slowdown_bound"] else math.nan


def _step(row: pd.Series[Any]) -> tuple[str, float]:
    reached = row["status"] == "reached"
    return (
        (wording.count(int(row["step"])), float(row["step"])) if reached else (str(row["status"]), math.nan)
    )


@dataclass(frozen=True)
class _Kind:
    """What is compared of a table: how rows are matched, what is a result, and how a row is described."""

    name: str
    plural: str
    table: str
    key: tuple[str, ...]
    results: tuple[str, ...]
    settings: tuple[str, ...]
    described: Callable[[pd.Series[Any]], tuple[str, float]]


_START: Final = ("initialisation", "scale")
_KINDS: Final = (
    _Kind("claim", "verdicts on claims", "claims", ("claim",), ("verdict",), ("statement", "formal", "test"),
          lambda row: (str(row["verdict"]), math.nan)),
    _Kind("evidence", "claims' evidence", "claims", ("claim",), ("evidence",), (),
          lambda row: (str(row["evidence"]), math.nan)),
    _Kind("cell", "cells of the slowdown", "slowdown",
          ("dataset", "separability", *_START, "policy", "rate", "target"),
          ("slowdown", "slowdown_low", "slowdown_high", "slowdown_bound", "text"),
          ("rate_mse", "rate_bce", "starts", "budget"), _cell),
    _Kind("step", "arrival steps", "runs",
          ("dataset", "separability", "seed", *_START, "loss", "learning_rate", "target"),
          ("status", "step"), ("max_steps", "threshold"), _step),
)  # fmt: skip


# --- Reports ------------------------------------------------------------------------------------------------

_PLURAL: Final = {kind.name: kind.plural for kind in _KINDS}
_SIDES: Final = (("base", "head"), ("head", "base"))


def frame(found: Differences) -> pd.DataFrame:
    """Return the table `studies`."""
    return conform(pd.DataFrame(found.rows, columns=["kind", "item", "base", "head", "ratio"]), STUDIES)


def summaries(found: Differences) -> list[str]:
    """Say in a line for each kind how much differs."""
    if found.identical:
        return ["All tables are identical, byte for byte."]
    rows = frame(found)
    out = []
    for kind, (both, same) in found.counts.items():
        mine = rows[rows["kind"] == kind]
        line = f"{_PLURAL[kind]}: {wording.count(both)} in both, {wording.count(both - same)} of them differ"
        ratios = mine["ratio"].dropna()
        if len(ratios):
            low, median, high = map(wording.number, (ratios.min(), ratios.median(), ratios.max()))
            line += f" (where both are numbers, {wording.count(len(ratios))}, head over base is from "
            line += f"{low} to {high}, median {median})"
        alone = [f"{wording.count(len(_alone(mine, side)))} only in {side}" for side, _ in _SIDES]
        beside = [f"{column} in {wording.count(rows)}" for column, rows in found.beside.get(kind, {}).items()]
        out.append("; ".join([line, *alone, *(["set otherwise: " + ", ".join(beside)] if beside else [])]))
    return out


def first(found: Differences) -> tuple[str, str]:
    """Return the number that a reader looks for first, how many results differ, and what it counts."""
    if found.identical:
        return "0", "differences: all tables are identical, byte for byte"
    both = sum(count for count, _ in found.counts.values())
    same = sum(count for _, count in found.counts.values())
    return wording.count(both - same), f"results differ, of {wording.count(both)} that both studies have"


def _alone(rows: pd.DataFrame, side: str) -> pd.DataFrame:
    """Return the rows that only one study has."""
    other = dict(_SIDES)[side]
    return rows[(rows[other] == "") & (rows[side] != "")]


def _apart(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that both studies have: first those without a ratio, then by how far it is from 1."""
    both = rows[(rows["base"] != "") & (rows["head"] != "")]
    far = np.abs(np.log(both["ratio"].where(both["ratio"] > 0)))
    return both.assign(far=far).sort_values("far", ascending=False, kind="stable", na_position="first")


def report(found: Differences) -> str:
    """Format the differences as text: all but single steps, which are in the table."""
    rows = frame(found)
    lines = [
        f"base: {found.base}",
        f"head: {found.head}",
        *(f"{n}: {a} -> {b}" for n, a, b in found.provenance),
    ]
    lines += [f"{file}: {state}" for file, state in found.files]
    lines += summaries(found)
    for kind in ("claim", "evidence", "cell"):
        mine = _apart(rows[rows["kind"] == kind])
        shown = mine.head(20).to_dict("records")
        lines += [f"{kind} {row['item']}: {row['base']} -> {row['head']}" for row in shown]
        if len(mine) > 20:
            lines.append(f"... and {len(mine) - 20} more in the table")
    return "\n".join([*lines, *(f"note: {line}" for line in found.notes)])


def page(found: Differences) -> str:
    """Render the differences as one self-contained HTML page."""
    rows = frame(found)
    parts = []
    for kind, plural in _PLURAL.items():
        mine = rows[rows["kind"] == kind]
        apart = _apart(mine)
        body = [
            [
                row["item"],
                row["base"],
                row["head"],
                "" if math.isnan(row["ratio"]) else wording.number(row["ratio"]),
            ]
            for row in apart.head(_SHOWN).to_dict("records")
        ]
        alone = [
            {"side": side, "total": len(own), "body": own[["item", side]].head(_SHOWN).to_numpy().tolist()}
            for side, own in ((side, _alone(mine, side)) for side, _ in _SIDES)
        ]
        parts.append({"kind": kind, "title": plural, "body": body, "total": len(apart), "alone": alone})
    return pages.render(
        "studies.html",
        ("report.css", "history.css"),
        found=found,
        first=first(found),
        summaries=[] if found.identical else summaries(found),
        parts=parts,
    )


def write(found: Differences, csv: str | Path, html: str | Path) -> None:
    """Write the table and the page."""
    store.write(frame(found), STUDIES, csv)
    with replacing(Path(html)) as temporary:
        temporary.write_text(page(found), encoding="utf-8")
