"""What the report says of the experiments: networks, remedies, and published demonstrations run again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from study.experiments.demonstrations import DEMONSTRATIONS
from study.methods.words import AGAINST, contenders
from study.report.grids import Grid
from study.report.methods import difference, from_start, said, shown, start_name, starts_of_rows


def networks(table: pd.DataFrame, target: str) -> pd.DataFrame:
    """Rows of MSE against BCE in networks that the page shows."""
    rows = table[(table["experiment"] == "networks") & ~table["label"].str.contains(AGAINST)]
    return shown(rows, target)


def network_grid(table: pd.DataFrame, target: str) -> Grid:
    """Lay out networks by starts: each cell the slowdown at equal rates, and at best rates."""
    rows = networks(table, target)
    starts = starts_of_rows(rows)
    body = [
        [label, *(_both(rows[rows["label"] == label], start) for start in starts)]
        for label in dict.fromkeys(rows["label"])
    ]
    return Grid(
        "Times as many steps with MSE as with BCE in a network: at equal rates (1, and 0.01 for Adam); with "
        "the best rate for each",
        ["optimiser, hidden layer", *(start_name(*start) for start in starts)],
        body,
        1,
        "tables/experiments.csv",
    )


def network_sentences(table: pd.DataFrame, target: str) -> list[str]:
    """Say what holds in a network: by plain descent and by Adam, from ordinary and from saturated starts."""
    rows = networks(table, target)
    rows = rows[(rows["policy"] == "equal") & rows["common"]]
    out = []
    for name, ordinary in (("an ordinary start (Glorot's or He's)", True), ("a saturated start", False)):
        here = rows[(rows["initialisation"] != "saturated") == ordinary]
        parts = [
            _of_optimiser(here[here["scale_free"] == free], by)
            for by, free in (("by gradient descent", False), ("by Adam", True))
        ]
        known = [part for part in parts if part]
        if known:
            out.append(f"From {name}, at equal rates: {'; '.join(known)}.")
    return out


def _of_optimiser(rows: pd.DataFrame, by: str) -> str:
    known = rows[rows["slowdown"] > 0]
    unknown = len(rows) - len(known)
    if rows.empty:
        return ""
    if known.empty:
        return f"{by} it is not known, because too few runs arrived within the budget with either loss"
    ordered = known.sort_values("slowdown")
    ends = [said(row) for row in ordered.to_dict("records")]
    text = f"{by} MSE takes {ends[0]}" if ends[0] == ends[-1] else f"{by} MSE takes {ends[0]} to {ends[-1]}"
    rest = f" (unknown in {unknown} of {len(rows)} cases: too few arrived)" if unknown else ""
    return f"{text} as many steps as BCE{rest}"


def _record(rows: pd.DataFrame, start: tuple[str, float], policy: str) -> Mapping[Any, Any] | None:
    here = from_start(rows[rows["policy"] == policy], start)
    return here.to_dict("records")[0] if len(here) else None


def _text(record: Mapping[Any, Any] | None) -> str:
    if record is None:
        return ""
    return str(record["text"]).partition(" [")[0].replace("x", "\N{MULTIPLICATION SIGN}")


def _both(rows: pd.DataFrame, start: tuple[str, float]) -> str:
    equal, tuned = (_text(_record(rows, start, policy)) for policy in ("equal", "tuned"))
    return "; ".join([*([equal] if equal else []), *([f"best {tuned}"] if tuned else [])]) or "none"


def remedies(table: pd.DataFrame, target: str) -> pd.DataFrame:
    """Rows of MSE and of what may replace it, against BCE, on labels as they are."""
    rows = table[(table["experiment"] == "remedies") & (table["flipped"] == 0.0)]
    against = shown(rows[rows["baseline"] == "bce"], target)
    return against.assign(label=against["contender"].map(contenders(rows)))


def remedy_grid(table: pd.DataFrame, ends: pd.DataFrame, target: str) -> Grid:
    """Lay out remedies by starts, and what they reach on other samples by share of flipped labels."""
    rows = remedies(table, target)
    starts = starts_of_rows(rows)
    flipped = sorted(ends.loc[ends["experiment"] == "remedies", "flipped"].unique())
    body = []
    for contender, label in rows[["contender", "label"]].drop_duplicates().itertuples(index=False, name=None):
        here = rows[rows["contender"] == contender]
        body.append(
            [
                str(label),
                *(_both(here, start) for start in starts),
                *(_reached(ends, str(contender), share) for share in flipped),
            ]
        )
    return Grid(
        "Steps, in multiples of BCE's: at 1/L; with the best rate for each. Then the Brier score reached on "
        "other samples from an ordinary start, less BCE's, by share of training labels flipped",
        [
            "loss",
            *(start_name(*start) for start in starts),
            *(f"Brier, {100 * share:g}% flipped" for share in flipped),
        ],
        body,
        1,
        "tables/experiments.csv",
    )


def _ends_row(ends: pd.DataFrame, contender: str, share: float) -> Mapping[Any, Any] | None:
    here = ends[
        (ends["experiment"] == "remedies")
        & (ends["flipped"] == share)
        & (ends["contender"] == contender)
        & (ends["baseline"] == "bce")
        & (ends["initialisation"] == "normal")
        & (ends["score"] == "brier")
        & (ends["sets"] > 0)
    ]
    return here.to_dict("records")[0] if len(here) else None


def _reached(ends: pd.DataFrame, contender: str, share: float) -> str:
    row = _ends_row(ends, contender, share)
    if row is None:
        return "none"
    return difference(row)


def advice(table: pd.DataFrame, ends: pd.DataFrame, target: str) -> list[str]:
    """What to do if it has to be squared error, from the surest wrong start; nothing without the numbers."""
    rows = remedies(table, target)
    wrong = rows[(rows["initialisation"] == "sure_wrong") & (rows["slowdown"] > 0)]
    if wrong.empty:
        return []
    scale = float(wrong["scale"].max())
    start = ("sure_wrong", scale)
    mse = rows[rows["contender"] == "mse"]
    equal, best = (_record(mse, start, policy) for policy in ("equal", "tuned"))
    if equal is None or best is None:
        return []
    tuned = wrong[(wrong["scale"] == scale) & (wrong["policy"] == "tuned") & (wrong["contender"] != "mse")]
    better = tuned[tuned["slowdown"] < best["slowdown"]].sort_values("slowdown", kind="stable")
    plain = (
        f"From a start that is {100 * scale:g}% sure and wrong, plain MSE takes {_text(equal)} as many "
        f"steps as BCE by gradient descent at 1/L, and {_text(best)} with the best rate for each."
    )
    out = [plain]
    named = [
        _remedy(rows, str(row["contender"]), str(row["label"]), start) for row in better.to_dict("records")
    ]
    if named:
        out.append(f"Nearer to BCE at the best rates, the nearest first: {'; '.join(named)}.")
    worse = tuned[tuned["slowdown"] >= best["slowdown"]]["label"].tolist()
    if worse:
        out.append(f"No nearer than plain MSE: {'; '.join(worse)}.")
    return [*out, *_noise(ends)]


def _remedy(rows: pd.DataFrame, contender: str, label: str, start: tuple[str, float]) -> str:
    """One remedy in words: its ratio at the best rates, and at 1/L where it shares that rate."""
    here = rows[rows["contender"] == contender]
    equal, tuned = (_text(_record(here, start, policy)) for policy in ("equal", "tuned"))
    return f"{label} ({tuned}{f', at 1/L {equal}' if equal else ''})"


def _noise(ends: pd.DataFrame) -> list[str]:
    """Whether a bounded loss is worth it where training labels are flipped."""
    shares = sorted(share for share in ends["flipped"].unique() if share > 0)
    clear, values = 0, []
    for share in shares:
        row = _ends_row(ends, "mse", share)
        if row is not None:
            low, high = row["difference_low"], row["difference_high"]
            clear += bool(high < 0 or low > 0)
            values.append(f"{row['difference']:+.4f} with {100 * share:g}%".replace("-", "\N{MINUS SIGN}"))
    if not values:
        return []
    judged = "clearly different in none of these" if clear == 0 else f"clearly different in {clear} of these"
    text = (
        "With training labels flipped, the Brier score of plain MSE on samples with true labels, less BCE's, "
        f"is {' and '.join(values)} of them flipped: {judged}."
    )
    return [text]


def demonstrations(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The demonstrations in the order of the page: words, verdict and grid of each."""
    out = []
    for name, entry in DEMONSTRATIONS.items():
        rows = table[table["demonstration"] == name].sort_values("place")
        if len(rows):
            out.append(
                {
                    "title": entry.title,
                    "source": entry.source,
                    "says": entry.says,
                    "verdict": rows["verdict"].iloc[0],
                    "grid": _demonstration_grid(entry.title, rows),
                }
            )
    return out


def _demonstration_grid(title: str, rows: pd.DataFrame) -> Grid:
    body = [
        [
            str(row["quantity"]),
            "" if math.isnan(row["published"]) else f"{row['published']:.2f}",
            f"{row['ours']:g}" if float(row["ours"]).is_integer() else f"{row['ours']:.4f}",
        ]
        for row in rows.to_dict("records")
    ]
    return Grid(title, ["what", "in the source", "here"], body, 1, "tables/demonstrations.csv")
