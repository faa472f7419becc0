"""The sections of the page, in order, each with a heading that says what was found.

A new section is one entry of `SECTIONS` and a template `section-NAME.html`; in the Markdown report its
heading is `headings.NAME`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from study import wording
from study.report import experiments, methods
from study.report.words import MARKS, ratio, times
from study.sensitivity import choices
from study.statistics.answers import REAL
from study.statistics.pairs import LOSSES

Frames = Mapping[str, pd.DataFrame]
Found = Mapping[str, Any]


@dataclass(frozen=True)
class Section:
    """A section of the page.

    Attributes
    ----------
    name
        Of its anchor and its template.
    link
        What the navigation calls it.
    heading
        From the tables and the numbers of the answer to a heading that is true of them.
    expert
        Whether it is folded until a reader opens it, or prints it.
    """

    name: str
    link: str
    heading: Callable[[Frames, Found], str]
    expert: bool = False


def _fixed(text: str) -> Callable[[Frames, Found], str]:
    return lambda _frames, _found: text


def _when(_frames: Frames, found: Found) -> str:
    known = [s for s in found["confident"] if s["equal"] is not None and s["equal"]["slowdown"] > 0]
    if not known:
        return "How much slower, and from where"
    first, last = known[0], known[-1]
    told = [f"{ratio(one['equal'])} from {100 * one['scale']:g}% sure" for one in (first, last)]
    if first is last:
        return f"A wrong start costs {told[0]}"
    values = [one["equal"]["slowdown"] for one in known]
    rising = "The surer a wrong start, the slower" if values == sorted(values) else "Wrong starts differ"
    return f"{rising}: {told[0]}, {told[1]}"


def _others(frames: Frames, found: Found) -> str:
    plain, adam = (
        methods.ends(frames["comparisons"], found["target"], label) for label in ("gradient descent", "Adam")
    )
    if not plain or not adam:
        return "What other optimisers change"
    one, other = plain["equal"][1], adam["equal"][1]
    if one["scale"] != other["scale"]:
        return "What other optimisers change"
    start = methods.start_name(one["initialisation"], one["scale"])
    return f"With Adam, {methods.said(one)} becomes {methods.said(other)} from a start {start}"


def _networks(frames: Frames, found: Found) -> str:
    rows = experiments.networks(frames["experiments"], found["target"])
    rows = rows[(rows["policy"] == "equal") & rows["common"] & (rows["slowdown"] > 0)]
    said = []
    for free, by in ((False, "by gradient descent"), (True, "with Adam")):
        here = rows[rows["scale_free"] == free].sort_values("slowdown", kind="stable").to_dict("records")
        if here:
            ends = dict.fromkeys(methods.said(row) for row in (here[0], here[-1]))
            said.append(f"{' to '.join(ends)} {by}")
    return f"In a network: {', '.join(said)}" if said else "In a network with a hidden layer"


def _helps(frames: Frames, found: Found) -> str:
    rows = experiments.remedies(frames["experiments"], found["target"])
    rows = rows[
        (rows["initialisation"] == "sure_wrong") & (rows["policy"] == "tuned") & (rows["slowdown"] > 0)
    ]
    rows = rows[rows["scale"] == rows["scale"].max()].sort_values("slowdown", kind="stable")
    mse, other = rows[rows["contender"] == "mse"], rows[rows["contender"] != "mse"]
    if mse.empty or other.empty or other["slowdown"].iloc[0] >= mse["slowdown"].iloc[0]:
        return "What helps if it has to be squared error"
    plain, least = (methods.said(part.iloc[0].to_dict()) for part in (mse, other))
    name = other["label"].iloc[0]
    return f"If it has to be squared error: {name} needs {least} BCE's steps where MSE needs {plain}"


def _demonstrations(frames: Frames, _found: Found) -> str:
    verdicts = frames["demonstrations"].drop_duplicates("demonstration")["verdict"]
    if verdicts.empty:
        return "Published demonstrations, run again"
    return f"{len(verdicts)} published demonstrations, run again"


def _reached(frames: Frames, _found: Found) -> str:
    counts = methods.reached_counts(frames["reached"])
    if counts is None:
        return "What is reached in the end"
    better, worse, total = counts
    return f"On new samples MSE ends clearly better in {better} of {total} cases, clearly worse in {worse}"


def _rate(_frames: Frames, found: Found) -> str:
    start = found["sure_wrong"]
    if start is None or not start["equal"] or not start["tuned"]:
        return "How much is due to the learning rate"
    equal, tuned = ratio(start["equal"]), ratio(start["tuned"])
    return f"With the best learning rate for each loss, {equal} becomes {tuned}"


def _moves(frames: Frames, _found: Found) -> str:
    facts = choices.facts(frames["sensitivity"])
    known = [facts[name] for name in ("sure_wrong", "zero", "normal") if name in facts]
    if not known:
        return "How far the answer moves"
    base, least, greatest = (
        times(float(known[0][end]["slowdown"]), bound=bool(known[0][end]["slowdown_bound"]))
        for end in ("base", "least", "greatest")
    )
    return f"Other choices move {base} to between {least} and {greatest}"


def _real(_frames: Frames, found: Found) -> str:
    start = found["ordinary"]
    if start is None or start["equal"] is None or start["spread"] is None or start["data"] != REAL:
        return "Real data"
    ends = (start["spread"]["lowest"], start["spread"]["highest"])
    low, high = (times(value, bound=bound) for value, bound in ends)
    return f"On {start['spread']['cells']} real data sets, {low} to {high} from an ordinary start"


def _claims(frames: Frames, _found: Found) -> str:
    claims = frames["claims"]
    verdicts = claims.loc[claims["source"] == "article", "verdict"]
    if verdicts.empty:
        return "The claims under test"
    counts = {verdict: int((verdicts == verdict).sum()) for verdict in MARKS}
    said = [f"{count} {_verb(verdict, count)}" for verdict, count in counts.items() if count]
    return f"Of the article's {len(verdicts)} claims, {', '.join(said)}"


def _verb(verdict: str, count: int) -> str:
    """Write a verdict of one claim or of several."""
    return verdict if count == 1 else verdict.replace("holds", "hold").replace("fails", "fail")


def _guilt(frames: Frames, found: Found) -> str:
    ends = found["unfinished"].get("mse", {})
    if "stable" not in ends or frames["slowdown"].empty:
        return "What MSE is not to blame for"
    missed, runs = ends["stable"]
    share = wording.percent(runs - missed, runs)
    return f"MSE does learn: {share} of its runs arrived, at rates up to its own 1/L"


def _minima(frames: Frames, _found: Found) -> str:
    counts = frames["minima"].groupby("loss").size()
    if not all(loss in counts for loss in LOSSES):
        return "Local minima"
    mse, bce = (int(counts[loss]) for loss in LOSSES)
    return f"On data made for it MSE has {mse} minima, BCE {bce}"


def _limits(frames: Frames, _found: Found) -> str:
    cells = frames["slowdown"]
    bounds = int((cells["slowdown_bound"] & (cells["slowdown"] > 0)).sum())
    return f"Limits: {wording.count(bounds)} of {wording.count(len(cells))} ratios are lower bounds"


SECTIONS: Final = (
    Section("why", "Why", _fixed("MSE's pull fades where the model is sure, even where it is wrong")),
    Section("when", "How slow, and when", _when),
    Section("others", "Adam and others", _others),
    Section("networks", "In a network", _networks),
    Section("helps", "What helps", _helps),
    Section("reached", "What is reached", _reached),
    Section("rate", "The learning rate", _rate),
    Section("real", "Real data", _real),
    Section("guilt", "Not to blame for", _guilt),
    Section("claims", "The article", _claims),
    Section("demonstrations", "Demonstrations", _demonstrations),
    Section("explore", "Explore", _fixed("Explore every comparison")),
    Section("moves", "How far it moves", _moves, expert=True),
    Section("law", "The law", _fixed("The law behind it: separability and scale"), expert=True),
    Section("minima", "Local minima", _minima, expert=True),
    Section("methods", "Methods", _fixed("Methods"), expert=True),
    Section("limits", "Limits", _limits, expert=True),
    Section("provenance", "Provenance", _fixed("Provenance"), expert=True),
)
"""Every section, in the order of the page."""


def headings(frames: Frames, found: Found) -> dict[str, str]:
    """Return the heading of every section by its name."""
    return {section.name: section.heading(frames, found) for section in SECTIONS}
