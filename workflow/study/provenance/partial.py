"""The partial report after a failed run: what was made, what is missing, and why.

It holds only what this run made or found to be up to date; what is left of an earlier config is counted as
missing.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Final

from markupsafe import Markup

from study import pages
from study.files import replacing

__all__ = ["PAGE", "write"]

PAGE: Final = Path("results/partial.html")
_ROWS: Final = 20
"""Rows of a table that are shown."""


def write(made: Iterable[str], missing: Mapping[str, str], failed: Mapping[str, Path]) -> None:
    """Write the partial report to `PAGE`.

    Parameters
    ----------
    made
        Files that exist and are up to date, relative to the folder that Snakemake runs in.
    missing
        The other files, each with the rule that would make it.
    failed
        The logs of the jobs that failed, by job.
    """
    paths = sorted(map(Path, made))
    text = pages.render(
        "partial.html",
        ("report.css", "history.css"),
        tables=[_table(path) for path in paths if path.suffix == ".csv"],
        figures=[(path.name, _picture(path)) for path in paths if path.suffix == ".svg"],
        missing=[[str(Path(path).relative_to("results")), rule] for path, rule in sorted(missing.items())],
        failed=[(job, _last(log)) for job, log in failed.items()],
    )
    with replacing(PAGE) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _table(path: Path) -> tuple[str, list[str], list[list[str]], int]:
    """Return a table's file, its head, its first rows and how many it has."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        head = next(rows)
        shown = list(islice(rows, _ROWS))
        return str(path.relative_to("results")), head, shown, len(shown) + sum(1 for _ in rows)


def _picture(path: Path) -> Markup:
    """Return a figure in the form that a page takes: without its XML declaration."""
    return Markup(re.sub(r"^<\?xml[^>]*>\s*", "", path.read_text(encoding="utf-8")))  # noqa: S704  our own


def _last(log: Path) -> str:
    """Return the first line of a log, which says so if the job was killed, and the last ones."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines if len(lines) <= 20 else [lines[0], "...", *lines[-18:]])
