"""The table of what differs between two studies."""

from __future__ import annotations

from typing import Final

from study.tables.table import Column, Table

__all__ = ["STUDIES"]

STUDIES: Final = Table(
    "studies",
    "comparisons/studies",
    (".csv",),
    "One cell, first-passage step, verdict or evidence that differs between two studies or is in only one.",
    ("kind", "item"),
    (
        Column(
            "kind",
            "str",
            "",
            "`cell` (of `slowdown`), `step` (of `runs`), `claim` (its verdict) or `evidence`.",
        ),
        Column("item", "str", "", "What the row is about: the columns that identify it."),
        Column("base", "str", "", "Its value in the base; empty where the base lacks it."),
        Column("head", "str", "", "Its value in the head; empty where the head lacks it."),
        Column("ratio", "float64", "ratio", "Head over base; nan where either is not a number."),
    ),
)
