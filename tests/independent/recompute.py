"""Numbers of a finished study computed anew, with nothing of the project's code, beside what it prints.

    python tests/independent/recompute.py results

prints a table of them; the exit code is 1 if a number differs. It reads the runs, the arrays of the data sets
and the config of the study (`tables/runs.parquet`, `data/arrays.npz`, `manifest.json`), and uses NumPy, SciPy
and pandas alone. What it cannot see is an error in the runs of random starts and in the drawing of the data.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable

import cells
import comparing
import descents
import intervals
import samples
import screen
from finished import Finished

GROUPS: dict[str, comparing.Maker] = {
    "First screen": screen.summaries,
    "First screen, over data sets": screen.spreads,
    "First sentences": screen.lede,
    "First screen, as printed": screen.cards,
    "Runs that had not arrived": screen.unfinished,
    "Counts of the study": cells.totals,
    "Cells of the slowdown": cells.slowdowns,
    "Cells of arrivals": cells.arrivals,
    "Policies, as printed": cells.policies,
    "Data sets": samples.simple_facts,
    "Optima of data sets": samples.optima,
    "Rates and thresholds": samples.plan,
    "Descents": descents.arrivals,
    "Intervals": intervals.ends,
}
"""Every check: the heading of its table, and what makes it."""


def recompute(study: Finished, groups: Iterable[str] = tuple(GROUPS)) -> dict[str, list[comparing.Check]]:
    """Compute the numbers of some groups anew."""
    return {name: list(GROUPS[name](study)) for name in groups}


def main(words: list[str] | None = None) -> int:
    """Print the tables; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("results", nargs="?", default="results", help="folder of the finished study")
    parser.add_argument("--differences", action="store_true", help="print only numbers that differ")
    asked = parser.parse_args(words)
    found = recompute(Finished(asked.results))
    for name, checks in found.items():
        rows = [check for check in checks if not (asked.differences and check.agrees)]
        if rows:
            print(f"{name}\n{comparing.table(rows)}\n")
    every = [check for checks in found.values() for check in checks]
    differing = sum(not check.agrees for check in every)
    print(f"{len(every)} numbers computed anew: {differing} differ.")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
