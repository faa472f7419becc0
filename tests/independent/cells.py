"""Cells of the tables, chosen by a fixed rule, and counts of the whole study."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from comparing import Check, digits, exact, quoted
from finished import Finished
from pairing import LOSSES, POLICIES, Pairs, Slowdown, best, counts, median, pairs, ratios, slowdown
from scipy import stats

EVERY, LEAST = 37, 12
"""Of the tables `slowdown` and `arrivals`, every 37th row is computed anew, of small ones 12 rows or more."""

TARGETS = {"accuracy": "accuracy", "Brier score": "brier", "log loss": "logloss"}


def totals(study: Finished) -> Iterator[Check]:
    """Counts that the summary gives of the whole study."""
    printed = study.summary["counts"]
    rates = sorted(study.runs.loc[study.runs["loss"] == "bce", "rate"].unique())
    every: list[Slowdown] = []
    for setting in study.settings.values():
        for policy in POLICIES:
            asked = rates if policy.startswith("equal") else [math.nan]
            found = [pairs(setting, policy, rate, study.own_rate, study.folds) for rate in asked]
            every += [slowdown(*ratios(one)) for one in found if one is not None]
    yield exact("cells", "summary.json", printed["cells"], len(every))
    yield exact("cells that are bounds", "summary.json", printed["bounds"], sum(cell.bound for cell in every))
    yield exact("runs", "summary.json", printed["runs"], int(study.runs["run"].nunique()))
    yield exact("starts", "summary.json", printed["starts"], int(study.runs["start"].nunique()))
    yield exact("data sets", "summary.json", printed["data_sets"], len(study.datasets))
    diverged = study.runs.loc[study.runs["status"] == "diverged", "run"].nunique()
    yield exact("diverged runs", "summary.json", printed["diverged"], int(diverged))
    for row in study.summary["ends"]:
        here = study.runs[(study.runs["loss"] == row["loss"]) & (study.runs["target"] == row["target"])]
        for status in ("reached", "censored", "diverged"):
            name = f"{row['loss']}, {row['target']}: {status}"
            yield exact(name, "summary.json", row[status], int((here["status"] == status).sum()))


def some(table: pd.DataFrame) -> Iterator[Any]:
    """Choose rows of a table by the rule, from the first on."""
    yield from table.iloc[:: max(1, min(EVERY, len(table) // LEAST))].itertuples()


def key_of(row: Any) -> tuple[Any, ...]:
    """Key of a row of the tables among `Finished.settings`."""
    level = None if math.isnan(row.separability) else row.separability
    return (row.dataset, level, row.initialisation, row.scale, row.target)


def slowdowns(study: Finished) -> Iterator[Check]:
    """Cells of the table `slowdown`: counts, medians, running times, log-rank test, ratio, tuned rates."""
    for row in some(study.table("slowdown")):
        setting = study.settings[key_of(row)]
        both = pairs(setting, row.policy, row.rate, study.own_rate, study.folds)
        if both is None:
            yield exact(f"row {row.Index}", "tables/slowdown", "a cell", "no pairs")
            continue
        name = f"row {row.Index}, {row.policy}"
        yield from _cell(name, row, both)
        if row.policy == "tuned":
            for loss in LOSSES:
                runs = setting.runs[loss]
                chosen = float(runs.rates[best(runs, range(len(runs.time)))])
                yield exact(
                    f"{name}: rate of {loss}", "tables/slowdown", getattr(row, f"rate_{loss}"), chosen
                )


def _cell(name: str, row: Any, both: Pairs) -> Iterator[Check]:
    place = "tables/slowdown"
    cell = slowdown(*ratios(both))
    yield exact(f"{name}: slowdown", place, row.slowdown, cell.value)
    yield exact(f"{name}: is a bound", place, row.slowdown_bound, cell.bound)
    for count, number in counts(both).items():
        yield exact(f"{name}: {count}", place, getattr(row, count), number)
    sides = {"mse": (both.mse, both.mse_seen), "bce": (both.bce, both.bce_seen)}
    for (loss, (time, seen)), spent in zip(sides.items(), both.spent, strict=True):
        yield exact(f"{name}: median of {loss}", place, getattr(row, f"{loss}_median"), median(time, seen))
        art = float(spent.sum() / seen.sum()) if seen.any() else math.inf
        yield exact(f"{name}: running time of {loss}", place, getattr(row, f"{loss}_art"), art)
    if np.isfinite(row.logrank_p):
        # SciPy: two-sided, by the normal approximation of the same statistic.
        censored = [stats.CensoredData.right_censored(time, ~seen) for time, seen in sides.values()]
        yield digits(f"{name}: log-rank", place, row.logrank_p, float(stats.logrank(*censored).pvalue), 8)


def arrivals(study: Finished) -> Iterator[Check]:
    """Cells of the table `arrivals`."""
    runs = study.runs
    for row in some(study.table("arrivals")):
        here = runs[(runs["dataset"] == row.dataset) & (runs["initialisation"] == row.initialisation)]
        level = here["separability"].isna() if math.isnan(row.separability) else None
        here = here[here["separability"] == row.separability if level is None else level]
        for key in ("scale", "loss", "rate", "target"):
            here = here[here[key] == getattr(row, key)]
        name = f"row {row.Index}"
        yield exact(f"{name}: runs", "tables/arrivals", row.runs, len(here))
        yield exact(f"{name}: at the start", "tables/arrivals", row.at_start, int((here["step"] == 0).sum()))
        for status in ("reached", "censored", "diverged"):
            number = int((here["status"] == status).sum())
            yield exact(f"{name}: {status}", "tables/arrivals", getattr(row, status), number)


def policies(study: Finished) -> Iterator[Check]:
    """The page's table of policies: slowdowns in the setting of the figures, at three digits."""
    place = "report.md, policies"
    rows = _rows_after(study.page, "Slowdown under each learning-rate policy")
    if not rows and study.summary["answer"]["setting"]:
        yield exact("table of policies", place, "not found", "a table")
    dataset, level = study.summary["answer"]["setting"] or (None, None)
    for target, start, *texts in rows:
        kind, _, scale = start.rpartition(" ") if start != "zero" else ("zero", "", "0")
        key = (dataset, level, kind.replace(" ", "_"), float(scale), TARGETS[target])
        for policy, text in zip(POLICIES, texts, strict=False):
            both = pairs(study.settings[key], policy, study.rate, study.own_rate, study.folds)
            if both is not None:
                yield _quoted(f"{target}, {start}: {policy}", place, text, both)


def _quoted(name: str, place: str, text: str, both: Pairs) -> Check:
    """Compare a slowdown of the page without its interval."""
    many, cell = counts(both), slowdown(*ratios(both))
    if 2 * many["at_start"] > many["starts"]:
        words = f"met at the start by {many['at_start']} of {many['starts']}"
        return exact(name, place, text, words)
    if not cell.value > 0:
        return Check(name, place, text, cell.value, text.startswith(("unknown", "none", "<", "\\<")))
    said = text.partition("\N{MULTIPLICATION SIGN}")[0] + "\N{MULTIPLICATION SIGN}"
    return quoted(name, place, said, cell.value, bound=cell.bound)


def _rows_after(page: str, heading: str) -> list[list[str]]:
    """Cells of the first Markdown table after a heading, without its head."""
    lines = page[page.find(heading) :].splitlines() if heading in page else []
    rows: list[list[str]] = []
    for line in lines:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows:
            break
    return rows[2:]
