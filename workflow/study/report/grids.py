"""The tables of the report: caption, head and rows of text, made from the tables of the study."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from study import wording
from study.figures.style import NAMES, POLICY_NAMES, TARGETS
from study.report.words import (
    SOURCES,
    level_text,
    place,
    range_text,
    start_text,
    times,
    verdict_text,
)
from study.statistics.headline import Headline
from study.statistics.pairs import LOSSES


@dataclass(frozen=True)
class Grid:
    """A table of the report: caption, head, rows of text, number of label columns, and file."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    labels: int
    file: str

    @property
    def aligned(self) -> list[list[str]]:
        """The rows with blanks as wide as digits in front, so that decimal points stand below each other."""
        if not self.rows:
            return []
        columns = [_aligned(column) for column in zip(*self.rows, strict=True)]
        return [list(row) for row in zip(*columns, strict=True)]


_LEADING: Final = re.compile(r"[<>]? ?[+\N{MINUS SIGN}]?\d[\d,]*")
_BLANK: Final = "\N{FIGURE SPACE}"


def _aligned(column: Sequence[str]) -> list[str]:
    """Pad what stands before the decimal point of each number that begins a cell."""
    fronts = [_LEADING.match(cell) for cell in column]
    most = max((len(front[0]) for front in fronts if front), default=0)
    return [
        _BLANK * (most - len(front[0])) + cell if front else cell
        for front, cell in zip(fronts, column, strict=True)
    ]


def _signed(text: object) -> str:
    """Write a quoted slowdown with the sign of multiplication; what is not there as `none`."""
    return text.replace("x", "\N{MULTIPLICATION SIGN}") if isinstance(text, str) else "none"


def zero_cells(cells: pd.DataFrame) -> pd.DataFrame:
    """Cells of zero starts at the smallest common rate, where a ratio is least blurred by whole steps."""
    equal = (cells["initialisation"] == "zero") & (cells["policy"] == "equal")
    rows = cells[equal & cells["slowdown"].notna()]
    finest: pd.DataFrame = rows[rows["rate"] == rows["rate"].min()]
    return finest


def law_grid(cells: pd.DataFrame) -> Grid:
    """Lay out the slowdown from a zero start at the smallest equal rate, by data set and target."""
    rows = zero_cells(cells)
    caption = "Slowdown from a zero start at equal rates"
    if len(rows):
        caption += f" of {wording.number(float(rows['rate'].iloc[0]))}/L"
    rows = rows.fillna({"separability": math.inf})  # a pivot drops rows at nan
    wide = rows.pivot_table(
        index=["dataset", "separability"], columns="target", values="text", aggfunc="first"
    )
    targets = [target for target in TARGETS if target in wide]
    body = [
        [
            str(name),
            level_text(math.nan if math.isinf(level) else level),
            *map(_signed, texts),
        ]
        for (name, level), texts in zip(wide.index, wide[targets].to_numpy(object), strict=True)
    ]
    head = ["data set", "separability", *(TARGETS[target] for target in targets)]
    return Grid(caption, head, body, 2, "tables/slowdown.csv")


def policy_grid(parts: pd.DataFrame, setting: tuple[str, float] | None) -> Grid:
    """Lay out the slowdown under each policy, for zero and wrong starts in the headline setting."""
    rows = parts.iloc[:0]
    if setting is not None:
        here = (parts["dataset"] == setting[0]) & (parts["separability"] == setting[1])
        rows = parts[here & parts["initialisation"].isin(["zero", "wrong"])].sort_values(["target", "scale"])
    body = [
        [
            TARGETS.get(row["target"], row["target"]),
            start_text(row["initialisation"], row["scale"]),
            *(_signed(row[f"{policy}_text"]) for policy in POLICY_NAMES),
            "unknown" if math.isnan(row["tuning_buys"]) else times(row["tuning_buys"]),
        ]
        for _, row in rows.iterrows()
    ]
    head = ["target", "start", *POLICY_NAMES.values(), "equal / best"]
    return Grid(
        f"Slowdown under each learning-rate policy, {place(setting)}",
        head,
        body,
        2,
        "tables/decomposition.csv",
    )


def ends_grid(ends: pd.DataFrame) -> Grid:
    """Lay out how the runs ended, by loss and target."""
    body = [
        [
            NAMES.get(loss, loss),
            TARGETS.get(target, target),
            wording.count(total),
            wording.percent(reached, total),
            wording.percent(censored, total),
            wording.percent(diverged, total),
        ]
        for loss, target, total, reached, censored, diverged in ends.itertuples(index=False, name=None)
    ]
    head = ["loss", "target", "runs", "reached", "budget ran out", "diverged"]
    return Grid("How the runs ended", head, body, 2, "tables/runs.parquet")


def real_grid(cells: pd.DataFrame, headline: Headline) -> Grid:
    """Lay out the slowdown on real data under each policy, a row per data set and start, headline target."""
    rows = headline.side_by_side(cells)
    rows = rows[rows["separability"].isna() & (rows["target"] == headline.target)]
    wide = rows.pivot_table(
        index=["dataset", "initialisation", "scale"], columns="policy", values="text", aggfunc="first"
    ).reindex(columns=list(POLICY_NAMES))
    body = [
        [str(name), start_text(start, scale), *map(_signed, texts)]
        for (name, start, scale), texts in zip(wide.index, wide.to_numpy(object), strict=True)
    ]
    return Grid(
        "Slowdown on real data, headline target",
        ["data set", "start", *POLICY_NAMES.values()],
        body,
        2,
        "tables/slowdown.csv",
    )


def claims_grid(claims: pd.DataFrame) -> Grid:
    """Lay out the claims under test, a row each, with a mark and a word for the verdict."""
    columns = ["claim", "source", "statement", "verdict", "evidence", "formal", "test"]
    order = claims["source"].map({name: i for i, name in enumerate(SOURCES)})
    rows = claims.iloc[order.argsort(kind="stable")][columns]
    body = [
        [
            verdict_text(value) if name == "verdict" else value
            for name, value in zip(columns, row, strict=True)
        ]
        for row in rows.itertuples(index=False, name=None)
    ]
    head = ["claim", "source", "statement", "verdict", "evidence", "what would make it true", "test"]
    return Grid("The claims under test", head, body, 1, "tables/claims.csv")


def minima_grid(minima: pd.DataFrame) -> Grid:
    """Lay out the stationary minima that were found."""
    weights = [name for name in minima.columns if name.startswith("theta_")]
    body = [
        [
            str(row["dataset"]),
            NAMES.get(row["loss"], row["loss"]),
            ", ".join(f"{row[name]:.4g}" for name in weights if not math.isnan(row[name])),
            f"{row['value']:.6g}",
            f"{row['gradient_norm']:.1e}",
            f"{row['curvature']:.2e}",
            wording.count(int(row["starts"])),
        ]
        for row in minima.to_dict("records")
    ]
    head = [
        "data set",
        "loss",
        "parameters",
        "risk",
        "gradient norm",
        "least curvature",
        "starts that ended there",
    ]
    return Grid("Stationary minima found by multi-start", head, body, 2, "tables/minima.csv")


def data_grid(data: pd.DataFrame) -> Grid:
    """Lay out the data sets, one row per data set and separability, ranges over seeds."""
    body = []
    for (name, _), rows in data.groupby(["dataset", "separability"], dropna=False, sort=True):
        known = rows["bayes_error"].notna().all()
        body.append(
            [
                str(name),
                level_text(float(rows["separability"].iloc[0])),
                range_text(rows["n"]),
                range_text(rows["d"]),
                range_text(rows["positives"]),
                wording.percent(int(rows["separable"].sum()), len(rows)),
                wording.number(float(rows["bayes_error"].iloc[0])) if known else "unknown",
                *(range_text(rows[f"{loss}_{score}"]) for score in TARGETS for loss in LOSSES),
            ]
        )
    head = [
        "data set",
        "separability",
        "samples",
        "columns",
        "of class 1",
        "linearly separable",
        "Bayes error",
        *(f"{TARGETS[score]} at the {NAMES[loss]} optimum" for score in TARGETS for loss in LOSSES),
    ]
    return Grid("Data sets, ranges over seeds", head, body, 2, "tables/datasets.csv")
