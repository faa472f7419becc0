"""The table of the claims."""

from __future__ import annotations

from typing import Final

from study.tables.table import Column, Table

__all__ = ["CLAIMS"]

CLAIMS: Final = Table(
    "claims",
    "tables/claims",
    (".csv", ".parquet"),
    "One claim of the texts under test, or one that neither states; [claims.md](claims.md) explains them.",
    ("number",),
    (
        Column(
            "number",
            "int64",
            "",
            "Number of the claim, from 0: the article's, the review's, then the others.",
        ),
        Column("claim", "str", "", "A: the article's, R: the review's, N: stated by neither."),
        Column("source", "str", "", "`article`, `review` or `neither`."),
        Column("statement", "str", "", "The claim in short."),
        Column("formal", "str", "", "What is taken as its precise meaning."),
        Column("test", "str", "", "What would make it true, and how that was looked at."),
        Column("evidence", "str", "", "What was found in this study."),
        Column(
            "verdict", "str", "", "`holds`, `holds in the limit`, `holds in part`, `fails` or `left open`."
        ),
    ),
)
