"""The card: the answer as a picture of 1200 x 630 pixels, for links to the report."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd
from matplotlib.figure import Figure

from study.figures.style import COLOURS, INK, MUTED, styled
from study.files import replacing
from study.report.matrix import Matrix, matrix
from study.statistics.headline import Headline

QUESTION: Final = "How much slower does a sigmoid classifier\ntrain with MSE than with cross-entropy?"
_COLOURS: Final = {"slower": COLOURS["mse"], "faster": COLOURS["bce"], "same": INK}
_ROWS: Final = 5
"""Rows that have room."""


def draw(frames: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw the card from the tables `comparisons` and `headline`: the ratios of the first screen's table.

    They are those at the same learning rate for both losses; a study without other methods has the question
    alone.
    """
    table = matrix(frames["comparisons"], Headline.read(frames["headline"]).target)
    with styled():
        figure = Figure(figsize=(12, 6.3))
        figure.text(0.05, 0.92, QUESTION, size=32, weight="bold", va="top", color=INK, linespacing=1.25)
        if table.rows:
            _ratios(figure, table)
        said = "times as many steps with MSE, same learning rate, median" if table.rows else ""
        figure.text(0.05, 0.05, said, size=18, color=MUTED)
        figure.text(0.95, 0.05, "mse-versus-bce", size=18, color=MUTED, ha="right")
    return figure


def _ratios(figure: Figure, table: Matrix) -> None:
    """Write a column for each start and a row for each method."""
    places = [0.36 + 0.62 * (i + 0.5) / len(table.starts) for i in range(len(table.starts))]
    for place, (name, _) in zip(places, table.starts, strict=True):
        figure.text(place, 0.62, textwrap.fill(name, 13), size=19, ha="center", va="center", color=MUTED)
    height = 0.44 / min(len(table.rows), _ROWS)
    for index, (label, cells) in enumerate(table.rows[:_ROWS]):
        y = 0.54 - height * (index + 0.5)
        figure.text(0.05, y, textwrap.fill(label, 24), size=19, va="center", color=INK)
        for place, policies in zip(places, cells, strict=True):
            for cell in policies:
                if cell.policy == "equal":
                    style: dict[str, Any] = {"color": _COLOURS[cell.css], "weight": "bold", "size": 26}
                    figure.text(place, y, cell.value, ha="center", va="center", **style)


def write(frames: Mapping[str, pd.DataFrame], path: str | Path) -> None:
    """Draw the card into a PNG file, on white; the same bytes for the same tables."""
    figure = draw(frames)
    with replacing(Path(path)) as temporary, styled():
        figure.savefig(temporary, format="png", dpi=100, facecolor="white", metadata={"Software": None})
