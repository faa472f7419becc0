"""What the report says of other methods: a table of methods by starts, and sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from study import wording
from study.figures.style import POLICY_NAMES, TARGETS
from study.report.grids import Grid
from study.report.words import ends_of_interval, times

_SIDES: Final = ("contender", "baseline")

_STARTS: Final = {
    "zero": "undecided start",
    "base_rate": "at the base rate",
    "normal": "ordinary start",
    "glorot": "Glorot's start",
    "he": "He's start",
    "sure_wrong": "{}% sure and wrong",
    "saturated": "{}% of the samples confidently wrong",
}


def shown(table: pd.DataFrame, target: str) -> pd.DataFrame:
    """Rows of the table `comparisons` that the page shows: to one target, at the common or the best rates."""
    rows = table[table["target"] == target]
    return rows[rows["common"] | (rows["policy"] == "tuned")].sort_values("place", kind="stable")


def grid(table: pd.DataFrame, target: str) -> Grid:
    """Lay out methods by starts: each cell a slowdown, its interval, and the median steps behind it."""
    rows = shown(table, target)
    found = starts_of_rows(rows)
    body = []
    for label in dict.fromkeys(rows["label"]):
        for policy, name in POLICY_NAMES.items():
            here = rows[(rows["label"] == label) & (rows["policy"] == policy)]
            if len(here):
                body.append([label, _at(name, here), *(_cell(here, start) for start in found)])
    return Grid(
        "Times as many steps with MSE as with BCE: median over pairs [its interval], median steps MSE : BCE",
        ["optimiser", "learning rates", *(start_name(*start) for start in found)],
        body,
        2,
        "tables/comparisons.csv",
    )


def first_grid(table: pd.DataFrame, target: str) -> Grid:
    """Lay out methods by starts for the first screen: slowdowns at equal rates, and at the best ones."""
    rows = shown(table, target)
    found, body = starts_of_rows(rows), []
    for label in dict.fromkeys(rows["label"]):
        here = rows[rows["label"] == label]
        at = {policy: here[here["policy"] == policy] for policy in ("equal", "tuned")}
        body.append([label, *(_both(at, start) for start in found)])
    return Grid(
        "Times as many steps with MSE as with BCE, by optimiser and start: at equal rates "
        f"({common_rates(rows)}) [interval]; with the best rate for each",
        ["optimiser", *(start_name(*start) for start in found)],
        body,
        1,
        "tables/comparisons.csv",
    )


def common_rates(rows: pd.DataFrame) -> str:
    """Say which rates are equal, in both units."""
    equal = rows[rows["policy"] == "equal"]
    free = sorted(
        {(bool(one), float(rate)) for one, rate in zip(equal["scale_free"], equal["rate"], strict=True)}
    )
    return " and ".join(f"{wording.number(rate)}{'' if one else '/L'}" for one, rate in free)


def _both(at: Mapping[str, pd.DataFrame], start: tuple[str, float]) -> str:
    equal, best = (_text(rows, start) for rows in at.values())
    best = best.split(" ")[0] if "[" in best else best
    return f"{equal}; best {best}" if best != "none" else equal


def _text(rows: pd.DataFrame, start: tuple[str, float]) -> str:
    here = from_start(rows, start)
    return "none" if here.empty else str(here["text"].iloc[0]).replace("x", "\N{MULTIPLICATION SIGN}")


def from_start(rows: pd.DataFrame, start: tuple[str, float]) -> pd.DataFrame:
    """Rows of a table that are from one start."""
    return rows[(rows["initialisation"] == start[0]) & (rows["scale"] == start[1])]


def starts_of_rows(rows: pd.DataFrame) -> list[tuple[str, float]]:
    """The starts in the order of the page."""
    found = rows[["initialisation", "scale"]].drop_duplicates().itertuples(index=False, name=None)
    order = list(_STARTS)
    known = [(str(name), float(scale)) for name, scale in found if name in order]
    return sorted(known, key=lambda start: (order.index(start[0]), start[1]))


def start_name(name: str, scale: float) -> str:
    """Name a start in a few words."""
    return _STARTS[name].format(f"{100 * scale:.6g}")


def start_detail(name: str, scale: float) -> str:
    """Say what a start of the first screen is made of; nothing where its name says it."""
    return {"zero": "all zero", "normal": f"normal, {wording.number(scale)}"}.get(name, "")


def _at(policy: str, rows: pd.DataFrame) -> str:
    rate = float(rows["rate"].iloc[0])
    if rows["policy"].iloc[0] == "tuned":
        return policy
    unit = "" if bool(rows["scale_free"].iloc[0]) else "/L"
    head, comma, rest = policy.partition(",")
    return f"{head}, {wording.number(rate)}{unit}{comma}{rest}"


def _cell(rows: pd.DataFrame, start: tuple[str, float]) -> str:
    here = from_start(rows, start)
    if here.empty:
        return "none"
    row = here.iloc[0]
    steps = " : ".join(wording.steps(row[f"{side}_median"], row["budget"]) for side in _SIDES)
    return f"{_text(rows, start)}, {steps}"


def sentences(table: pd.DataFrame, target: str) -> list[str]:
    """Say for each comparison between which values it lies over the starts, at equal and at best rates."""
    rows = shown(table, target)
    rows = rows[rows["slowdown"] > 0]
    out = []
    for label in dict.fromkeys(rows["label"]):
        parts = []
        for policy, name in (("equal", "at equal rates"), ("tuned", "at best rates")):
            here = rows[(rows["label"] == label) & (rows["policy"] == policy)]
            if len(here):
                parts.append(f"{_range(here)} {name}")
        if parts:
            out.append(f"{label[0].upper()}{label[1:]}: {', '.join(parts)}.")
    return out


def _range(rows: pd.DataFrame) -> str:
    """Say from which start the slowdown is least and greatest."""
    ordered = rows.sort_values(["slowdown", "initialisation", "scale"])
    least, greatest = ordered.iloc[0], ordered.iloc[-1]
    if len(rows) == 1 or least["slowdown"] == greatest["slowdown"]:
        return said(least.to_dict())
    ends = [
        f"{said(row.to_dict())} ({start_name(row['initialisation'], row['scale'])})"
        for row in (least, greatest)
    ]
    return f"from {ends[0]} to {ends[1]}"


def ends(table: pd.DataFrame, target: str, label: str) -> dict[str, list[Mapping[Any, Any]]]:
    """Rows of a method from the ordinary (else the undecided) and from the surest wrong start, by policy.

    Empty without both at equal rates; the best rates are left out where one of the two is not known.
    """
    rows = shown(table, target)
    rows = rows[(rows["label"] == label) & (rows["slowdown"] > 0)]
    out: dict[str, list[Mapping[Any, Any]]] = {}
    for policy in ("equal", "tuned"):
        here = rows[rows["policy"] == policy]
        known = starts_of_rows(here)
        plain = [start for start in known if start[0] == "normal"] or [s for s in known if s[0] == "zero"]
        wrong = [start for start in known if start[0] == "sure_wrong"]
        if plain and wrong:
            out[policy] = [from_start(here, start).to_dict("records")[0] for start in (plain[0], wrong[-1])]
    return out if "equal" in out else {}


def lead(table: pd.DataFrame, target: str) -> list[str]:
    """Answer for Adam in a sentence, from the ordinary start and the surest wrong one; none without it."""
    found = ends(table, target, "Adam")
    if not found:
        return []
    plain, wrong = found["equal"]
    text = (
        f"With Adam at rate {wording.number(plain['rate'])}, MSE takes {said(plain)}{remark(plain)} as many "
        f"steps from an {start_name(plain['initialisation'], plain['scale'])} and {said(wrong)}"
        f"{remark(wrong)} from one that is {start_name(wrong['initialisation'], wrong['scale'])}"
    )
    return [f"{text}{at_best(found)}."]


def at_best(found: Mapping[str, list[Mapping[Any, Any]]]) -> str:
    """Say what the best rates make of both, as the end of a sentence; nothing where they are not known."""
    if "tuned" not in found:
        return ""
    plain, wrong = (f"{said(row)}{remark(row)}" for row in found["tuned"])
    return f"; with the best rate for each loss {plain} and {wrong}"


_WIDE: Final = 2.0
"""An interval with an end beyond this multiple of its ratio, or below this part of it, is told with it."""


def remark(row: Mapping[Any, Any], level: float | None = None) -> str:
    """Add in brackets what a ratio does not say alone: that it is none, or fewer; its interval, if wide.

    The level is told with the interval if it is given.
    """
    ratio, low, high = (float(row[name]) for name in ("slowdown", "slowdown_low", "slowdown_high"))
    if row["slowdown_bound"] or not (low > 0 or math.isfinite(high)):
        return ""
    told = "no clear difference" if low <= 1.0 <= high and ratio != 1.0 else "fewer" if high < 1.0 else ""
    name = "" if level is None else f"{100 * level:g}% interval "
    wide = f"{name}{ends_of_interval(low, high)}" if high > _WIDE * ratio or _WIDE * low < ratio else ""
    both = "; ".join(part for part in (told, wide) if part)
    return f" ({both})" if both else ""


def said(row: Mapping[Any, Any]) -> str:
    """Write the ratio of a row."""
    return times(row["slowdown"], bound=bool(row["slowdown_bound"]))


def reached_grid(table: pd.DataFrame) -> Grid:
    """Lay out what is reached on other samples: a row a comparison and start, a column a score."""
    rows = table[table["sets"] > 0].sort_values("place", kind="stable")
    body = []
    for label in dict.fromkeys(rows["label"]):
        for start in starts_of_rows(rows):
            here = from_start(rows[rows["label"] == label], start)
            cells = {row["score"]: _reached(row) for row in here.to_dict("records")}
            if cells:
                body.append([label, start_name(*start), *(cells[score] for score in TARGETS)])
    return Grid(
        "On samples not trained on, at the run's end: MSE, BCE, and MSE less BCE [its interval]",
        ["optimiser", "start", *TARGETS.values()],
        body,
        2,
        "tables/reached.csv",
    )


def _reached(row: Mapping[Any, Any]) -> str:
    return f"{row['contender_median']:.3f}, {row['baseline_median']:.3f}; {difference(row)}"


def difference(row: Mapping[Any, Any]) -> str:
    """Write by how much two methods differ in what they reach, with the interval where there is one."""
    ends = [row["difference_low"], row["difference_high"]]
    limits = "" if any(map(math.isnan, ends)) else f" [{ends[0]:+.4f}, {ends[1]:+.4f}]"
    return f"{row['difference']:+.4f}{limits}".replace("-", "\N{MINUS SIGN}")


def _in_the_end(table: pd.DataFrame) -> pd.DataFrame:
    return table[(table["score"] == "brier") & table["difference_low"].notna()]


def reached_counts(table: pd.DataFrame) -> tuple[int, int, int] | None:
    """Count where MSE's Brier score on new samples is clearly lower, clearly higher, and all; or None."""
    rows = _in_the_end(table)
    if rows.empty:
        return None
    return int((rows["difference_high"] < 0).sum()), int((rows["difference_low"] > 0).sum()), len(rows)


def reached_sentences(table: pd.DataFrame) -> list[str]:
    """Say which loss is better in the end, in the Brier score, over all comparisons and starts."""
    rows, counts = _in_the_end(table), reached_counts(table)
    if counts is None:
        return []
    better, worse, _ = counts
    least, greatest = rows["difference"].min(), rows["difference"].max()
    text = (
        f"On samples that were not trained on, MSE's Brier score at the run's end is clearly lower in "
        f"{better} of {len(rows)} combinations of method and start, clearly higher in {worse}, and not "
        f"clearly different in {len(rows) - better - worse}; the differences lie between {least:+.4f} and "
        f"{greatest:+.4f}."
    )
    return [text.replace("-0", "\N{MINUS SIGN}0")]
