"""What differs between the results of two studies: of other commits, machines or configs.

Files are compared byte by byte first: what is identical is said to be, and looked at no further. Of the tables that
differ, rows are matched by what they are about, never by their numbers, so that studies of other grids can be compared.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from study import pages, wording
from study.errors import UserError
from study.tables import tables

__all__ = ["Differences", "compare", "page", "report", "write"]

_CELL: Final = ("dataset", "separability", "initialisation", "scale", "policy", "rate", "target")
_STEP: Final = ("dataset", "separability", "seed", "initialisation", "scale", "loss", "learning_rate", "target")
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
        The table `studies`: a row for each cell, step and claim that differs.
    counts
        Kind to the number of rows that both have, and of those the number that are equal.
    notes
        What could not be compared, and why.
    """

    base: Path
    head: Path
    provenance: list[tuple[str, str, str]] = field(default_factory=list)
    files: list[tuple[str, str]] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)
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
    names = sorted({path.name for folder in folders for path in (folder / "tables").iterdir() if path.is_file()})
    for name in names:
        out.files.append((f"tables/{name}", _state(*(folder / "tables" / name for folder in folders))))
    out.provenance = _provenance(folders, out.notes)
    _compare_table(out, folders, "cell", "slowdown", _CELL, _cell)
    _compare_table(out, folders, "step", "runs", _STEP, _step)
    _compare_table(out, folders, "claim", "claims", ("claim",), _claim)
    return out


def _results(side: str, folder: Path) -> Path:
    """Find the results in a folder that was given."""
    if not str(folder) or folder == Path():
        raise UserError(f"{side}: not given; allowed: the folder of a study or its results, as in --config {side}=DIR")
    for candidate in (folder, folder / "results"):
        if (candidate / "tables").is_dir():
            return candidate
    why = "holds no results: it has no folder `tables`" if folder.is_dir() else "is no folder"
    raise UserError(f"{side}: {str(folder)!r} {why}; allowed: the folder of a study or its results")


def _state(base: Path, head: Path) -> str:
    """Say how two files differ."""
    if not (base.exists() and head.exists()):
        return "only in base" if base.exists() else "only in head"
    return "identical" if tables.digest(base) == tables.digest(head) else "differs"


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


def _read(folder: Path, name: str, key: tuple[str, ...], notes: list[str], side: str) -> pd.DataFrame | None:
    """Read a table of any commit, indexed by what its rows are about; none where it cannot be, and a note says why."""
    path = folder / "tables" / f"{name}.parquet"
    if not path.exists():
        return None
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        notes.append(f"{side}: tables/{path.name} cannot be read, so it is left out: {str(error).splitlines()[0]}")
        return None
    missing = [column for column in key if column not in frame.columns]
    if missing:
        notes.append(f"{side}: tables/{path.name} has no column {', '.join(missing)}, so it is left out")
        return None
    labels = [[_worded(value) for value in frame[column]] for column in key]
    frame.index = pd.Index([" ".join(part for part in parts if part) for parts in zip(*labels, strict=True)])
    return frame[~frame.index.duplicated()]


def _worded(value: Any) -> str:
    """Write a part of a key; nan, which stands for none, as nothing."""
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.6g}"
    return str(value)


def _compare_table(
    out: Differences, folders: tuple[Path, Path], kind: str, name: str, key: tuple[str, ...], told: Any
) -> None:
    """Match the rows of a table, and list those that differ."""
    if dict(out.files).get(f"tables/{name}.parquet") == "identical":
        size = len(pd.read_parquet(folders[0] / "tables" / f"{name}.parquet", columns=[key[0]]))
        out.counts[kind] = size, size
        return
    base, head = (
        _read(folder, name, key, out.notes, side) for side, folder in zip(("base", "head"), folders, strict=True)
    )
    if base is None or head is None:
        if (base is None) != (head is None):
            out.notes.append(f"only one side has a table {name} that can be read: no {kind} is compared")
        return
    both = base.index.intersection(head.index, sort=False)
    for side, own in (("base", base), ("head", head)):
        for item in own.index.difference(both, sort=False):
            text = told(own.loc[item])[0]
            out.rows.append({"kind": kind, "item": item, "base": "", "head": "", "ratio": math.nan} | {side: text})
    shared = [column for column in base.columns if column in head.columns and column not in _NUMBERS]
    one, two = base.loc[both, shared], head.loc[both, shared]
    same = ((one == two) | (one.isna() & two.isna())).all(axis=1).to_numpy()
    out.counts[kind] = len(both), int(same.sum())
    for item in both[~same]:
        (text, value), (other, changed) = told(base.loc[item]), told(head.loc[item])
        ratio = changed / value if value > 0 and math.isfinite(value) and math.isfinite(changed) else math.nan
        out.rows.append({"kind": kind, "item": item, "base": text, "head": other, "ratio": ratio})


_NUMBERS: Final = ("run", "start", "data")
"""Columns that only number rows: another grid numbers them otherwise."""


def _cell(row: pd.Series[Any]) -> tuple[str, float]:
    return str(row["text"]), float(row["slowdown"]) if not row["slowdown_bound"] else math.nan


def _step(row: pd.Series[Any]) -> tuple[str, float]:
    reached = row["status"] == "reached"
    return (wording.count(int(row["step"])), float(row["step"])) if reached else (str(row["status"]), math.nan)


def _claim(row: pd.Series[Any]) -> tuple[str, float]:
    return f"{row['verdict']}: {row['evidence']}" if "evidence" in row else str(row["verdict"]), math.nan


# --- Saying it --------------------------------------------------------------------------------------------------------

_PLURAL: Final = {"cell": "cells of the slowdown", "step": "first-passage steps", "claim": "claims"}


def frame(found: Differences) -> pd.DataFrame:
    """Return the table `studies`."""
    return tables.conform(pd.DataFrame(found.rows, columns=["kind", "item", "base", "head", "ratio"]), "studies")


def summaries(found: Differences) -> list[str]:
    """Say in a line for each kind how much differs."""
    if found.identical:
        return ["All tables are identical, byte for byte."]
    rows = frame(found)
    out = []
    for kind, (both, same) in found.counts.items():
        mine = rows[rows["kind"] == kind]
        differ = both - same
        line = f"{_PLURAL[kind]}: {wording.count(both)} in both, {wording.count(differ)} of them differ"
        ratios = mine["ratio"].dropna()
        if len(ratios):
            line += f" (head over base from {wording.number(ratios.min())} to {wording.number(ratios.max())}, "
            line += f"median {wording.number(ratios.median())})"
        alone = [int(((mine[side] == "") & (mine[other] != "")).sum()) for side, other in _SIDES]
        out.append(f"{line}; {wording.count(alone[1])} only in base, {wording.count(alone[0])} only in head")
    return out


_SIDES: Final = (("base", "head"), ("head", "base"))


def report(found: Differences) -> str:
    """Lay the differences out as text: all but the steps one by one, which are in the table."""
    rows = frame(found)
    lines = [f"base: {found.base}", f"head: {found.head}", *(f"{n}: {a} -> {b}" for n, a, b in found.provenance)]
    lines += [f"{file}: {state}" for file, state in found.files]
    lines += summaries(found)
    for kind in ("claim", "cell"):
        mine = rows[rows["kind"] == kind]
        shown = mine.head(20).to_dict("records")
        lines += [f"{kind} {row['item']}: {row['base'] or 'none'} -> {row['head'] or 'none'}" for row in shown]
        if len(mine) > 20:
            lines.append(f"... and {len(mine) - 20} more in the table")
    return "\n".join([*lines, *(f"note: {line}" for line in found.notes)])


def page(found: Differences) -> str:
    """Render the differences as one HTML page that needs nothing but itself."""
    rows = frame(found)
    # The largest first: a factor of 2 either way is as much.
    far = rows.assign(far=np.abs(np.log(rows["ratio"].where(rows["ratio"] > 0)))).sort_values(
        "far", ascending=False, kind="stable", na_position="first"
    )
    parts = []
    for kind in ("claim", "cell", "step"):
        mine = far[far["kind"] == kind]
        body = [
            [
                row["item"],
                row["base"] or "none",
                row["head"] or "none",
                "" if math.isnan(row["ratio"]) else wording.number(row["ratio"]),
            ]
            for row in mine.head(_SHOWN).to_dict("records")
        ]
        parts.append({"kind": kind, "title": _PLURAL[kind], "body": body, "total": len(mine)})
    return pages.render(
        "studies.html",
        ("report.css", "history.css"),
        found=found,
        summaries=summaries(found),
        parts=parts,
    )


def write(found: Differences, csv: str | Path, html: str | Path) -> None:
    """Write the table and the page."""
    tables.write(frame(found), "studies", csv)
    with tables.replacing(Path(html)) as temporary:
        temporary.write_text(page(found), encoding="utf-8")
