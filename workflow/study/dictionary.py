"""The data dictionary: `python -m study.dictionary > docs/tables.md`."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from study.benchmarks.tables import COMPARISON, HISTORY
from study.catalogue import TABLES
from study.provenance.tables import STUDIES

__all__ = ["ALL", "data_dictionary"]

ALL: Final = MappingProxyType(dict(TABLES) | {table.name: table for table in (HISTORY, COMPARISON, STUDIES)})
"""Every table by name: those of a study, and those of comparisons and the benchmark history."""


def data_dictionary() -> str:
    """Render the schema of every table as the Markdown page `docs/tables.md`."""
    lines = [
        "# Tables",
        "",
        "What a run of the study writes, column by column. This page is made from the schemas in",
        "`workflow/study` (`python -m study.dictionary > docs/tables.md`); a test fails if it is stale.",
        "",
        "Rows are sorted by the key. `nan` means that a value does not exist, `inf` that it was not reached.",
        "CSV files have numbers in their shortest exact form, so CSV and parquet hold the same values.",
        "Intervals are at the confidence of the config, 95% by default.",
    ]
    for table in ALL.values():
        files = ", ".join(f"`results/{file}`" for file in table.files())
        lines += [
            "",
            f"## {table.name}",
            "",
            f"{table.row} Files: {files}. Key: {', '.join(f'`{k}`' for k in table.key)}.",
            "",
        ]
        lines += ["| column | type | unit | meaning |", "|---|---|---|---|"]
        lines += [f"| `{c.name}` | {c.dtype} | {c.unit} | {c.meaning} |" for c in table.columns]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(data_dictionary(), end="")
