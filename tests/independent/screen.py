"""The first screen: its slowdowns, medians, counts and ranges."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from comparing import Check, counted, exact, found, quoted
from finished import Finished
from pairing import (
    LOSSES,
    POLICIES,
    Pairs,
    Slowdown,
    best,
    counts,
    lay_out,
    median,
    pairs,
    pooled,
    ratios,
    slowdown,
)

SUMMARY, PAGE = "summary.json", "report.md"
CARDS = {"zero": "undecided", "ordinary": "ordinary", "sure_wrong": "confidently wrong"}
"""Starts of the first screen, and a word of the label of each one's card."""


@dataclass(frozen=True)
class Start:
    """A start of the first screen, and its pairs under a policy, by (data set, separability)."""

    initialisation: str
    scale: float
    real: bool = False

    def settings(self, study: Finished) -> dict[Any, Any]:
        """Runs from it, by (data set, separability)."""
        wanted = (self.initialisation, self.scale, study.target)
        every = {key[:2]: setting for key, setting in study.settings.items() if key[2:] == wanted}
        return {key: setting for key, setting in every.items() if not self.real or key[1] is None}

    def pairs(self, study: Finished, policy: str) -> dict[Any, Pairs]:
        """Pairs from it."""
        laid = {
            key: pairs(setting, policy, study.rate, study.own_rate, study.folds)
            for key, setting in self.settings(study).items()
        }
        return {key: one for key, one in laid.items() if one is not None}


def of(study: Finished, start: Start, policy: str) -> Slowdown:
    """Slowdown of all pairs from a start together."""
    return slowdown(*ratios(pooled(start.pairs(study, policy).values())))


def starts(study: Finished) -> dict[str, Start]:
    """Starts of the first screen, chosen by its rules from the runs alone."""
    keys = {key[1:4] for key in study.settings if key[4] == study.target}
    scales = {
        name: sorted({scale for _, kind, scale in keys if kind == name}) for name in ("zero", "sure_wrong")
    }
    sure = [Start("sure_wrong", scale) for scale in scales["sure_wrong"]]
    real = sorted(scale for level, kind, scale in keys if kind == "normal" and level is None)
    out = {"zero": Start("zero", 0.0)} if scales["zero"] else {}
    if real:
        out["ordinary"] = Start("normal", real[0], real=True)
    if sure:
        clear = [start for start in sure if not of(study, start, "equal").bound]
        out["sure_wrong"] = clear[-1] if clear else sure[0]
    return out


def summaries(study: Finished) -> Iterator[Check]:
    """Numbers of each start under each policy, as the summary has them in full."""
    answer = study.summary["answer"]
    yield exact("target", SUMMARY, answer["target"], study.target)
    yield exact("common rate", SUMMARY, answer["rate"], float(study.rate))
    if "sure_wrong" in starts(study):
        scale = float(starts(study)["sure_wrong"].scale)
        yield exact("confidence", SUMMARY, answer["confidence"], scale)
    for name, start in starts(study).items():
        for policy in POLICIES:
            yield from _summary(study, f"{name}, {policy}", start, policy, answer[name][policy])


def _summary(study: Finished, name: str, start: Start, policy: str, printed: Any) -> Iterator[Check]:
    together = pooled(start.pairs(study, policy).values())
    value, bound = slowdown(*ratios(together))
    if printed is None:
        yield exact(f"{name}: no pair with a ratio", SUMMARY, None, value)
        return
    yield exact(f"{name}: slowdown", SUMMARY, printed["slowdown"], value)
    yield exact(f"{name}: is a bound", SUMMARY, printed["slowdown_bound"], bound)
    for count, number in counts(together).items():
        yield exact(f"{name}: {count}", SUMMARY, printed[count], number)
    sides = {"mse": (together.mse, together.mse_seen), "bce": (together.bce, together.bce_seen)}
    for loss, side in sides.items():
        yield exact(f"{name}: median steps of {loss}", SUMMARY, printed[f"{loss}_median"], median(*side))


def spreads(study: Finished) -> Iterator[Check]:
    """The least and the greatest slowdown over data sets, and how often MSE's best rate is the largest."""
    for name, start in starts(study).items():
        printed = study.summary["answer"][name]
        cells = [slowdown(*ratios(one)) for one in start.pairs(study, "equal").values()]
        ends = sorted(cell for cell in cells if cell.value > 0)
        yield exact(f"{name}: data sets", SUMMARY, printed["spread"]["cells"], len(ends))
        for end, cell in (("lowest", ends[0]), ("highest", ends[-1])):
            yield exact(f"{name}: {end}", SUMMARY, printed["spread"][end][0], cell.value)
            yield exact(f"{name}: {end} is a bound", SUMMARY, printed["spread"][end][1], cell.bound)
        yield exact(f"{name}: at the largest rate", SUMMARY, printed["edges"], at_largest(study, start))


def at_largest(study: Finished, start: Start) -> int:
    """Count the data sets on which MSE's best rate over all seeds is the largest that MSE was run at."""
    largest = study.runs.loc[study.runs["loss"] == "mse", "rate"].max()
    every = [setting.runs["mse"] for setting in start.settings(study).values() if len(setting.seeds) > 1]
    return sum(runs.rates[best(runs, range(len(runs.time)))] == largest for runs in every)


def cards(study: Finished) -> Iterator[Check]:
    """The cards of the first screen as they are printed, in the summary and on the page."""
    for name, start in starts(study).items():
        values = {policy: of(study, start, policy) for policy in POLICIES}
        if not values["equal"].value > 0:
            continue
        cards = study.summary["first_screen"]["cards"]
        [card] = [card for card in cards if CARDS[name] in card["label"]] or [None]
        if card is None:
            yield exact(f"{name}: card", SUMMARY, "not found", "a card")
            continue
        place = f"{SUMMARY}, cards"
        yield _ratio(f"{name}: slowdown", place, card["value"], values["equal"])
        yield _ratio(f"{name}: slowdown", PAGE, _on_page(study, card), values["equal"])
        yield from limits(study, f"{name}, equal", start, "equal", card["interval"])
        others = {said: value for value, said in card["others"]}
        for policy, words in (("equal_no_half", "without its"), ("tuned", "best rate")):
            said = next((said for said in others if words in said), "")
            yield _ratio(f"{name}: slowdown, {policy}", place, others.get(said), values[policy])
            yield exact(f"{name}: words, {policy}", PAGE, said if said in study.page else "another", said)
            yield from _counts_of_pairs(study, f"{name}, {policy}", start, policy, said)
            yield from limits(study, f"{name}, {policy}", start, policy, said)
            if policy == "tuned" and at_largest(study, start):
                many = found(r"in (\d+) of the data sets MSE", said)
                yield counted(f"{name}: at the largest rate", place, many, at_largest(study, start))
        yield from _detail(study, name, start, card)


def _counts_of_pairs(study: Finished, name: str, start: Start, policy: str, said: str) -> Iterator[Check]:
    """The pairs in which MSE was slower or faster, where they stand next to a slowdown."""
    many = counts(pooled(start.pairs(study, policy).values()))
    for word in ("slower", "faster"):
        if text := found(rf"{word} in ([\d,]+)", said):
            yield counted(f"{name}: {word}", f"{SUMMARY}, cards", text, many[word])


OPENINGS = {"Trained by gradient descent": ("gd", 1.0), "With Adam": ("adam(0.9, 0.999, 1e-08)", 0.01)}
"""How the first sentences begin, and whose runs they are of: an optimiser, near which rate."""


def lede(study: Finished) -> Iterator[Check]:
    """The first sentences: slowdowns from the runs of methods, at equal rates and at the best ones."""
    said = study.summary["first_screen"]["lede"]
    text = " ".join(said)
    yield exact("the first sentences", PAGE, text if text in study.page else "another", text)
    for opening, (optimiser, rate) in OPENINGS.items():
        for sentence in (one for one in said if one.startswith(opening)):
            yield from _sentence(study, sentence, optimiser, rate)


def _sentence(study: Finished, sentence: str, optimiser: str, rate: float) -> Iterator[Check]:
    runs = study.table("method_runs")
    laid = lay_out(runs[(runs["optimiser"] == optimiser) & (runs["batch_size"] == 0)])
    keys = sorted({key[2:4] for key in laid if key[2] in {"normal", "sure_wrong"}})
    ordinary = [key for key in keys if key[0] == "normal"] or [("zero", 0.0)]
    texts = re.findall(r"((?:> )?[\d.,]*\d\N{MULTIPLICATION SIGN})", sentence)
    order = [(start, policy) for policy in ("equal", "tuned") for start in (ordinary[0], keys[-1])]
    if len(texts) != len(order):
        return
    for printed, (start, policy) in zip(texts, order, strict=True):
        here = [one for key, one in laid.items() if key[2:] == (*start, study.target)]
        made = [pairs(one, policy, rate, study.own_rate, study.folds) for one in here]
        cell = slowdown(*ratios(pooled(one for one in made if one is not None)))
        name = f"{optimiser}, {start[0]} {start[1]:g}: slowdown, {policy}"
        yield _ratio(name, f"{SUMMARY}, lede", printed, cell)


def _ratio(name: str, place: str, text: str | None, cell: Slowdown) -> Check:
    """Compare a slowdown of the page; one that is only known from above is written as a text."""
    if cell.value == 0 or math.isnan(cell.value):
        return Check(name, place, text, cell.value, bool(text and text.startswith(("<", "unknown", "none"))))
    return quoted(name, place, text, cell.value, bound=cell.bound)


def _on_page(study: Finished, card: Mapping[str, Any]) -> str | None:
    """Find the slowdown of a card on the page, where its label follows."""
    return found(r"\*\*([^*]+)\*\* " + re.escape(card["label"]), study.page)


def limits(study: Finished, name: str, start: Start, policy: str, said: str) -> Iterator[Check]:
    """An interval in words, against the summary (`intervals` computes those anew), or why there is none."""
    place = f"{SUMMARY}, cards"
    together = pooled(start.pairs(study, policy).values())
    many = counts(together)
    pairs = many["starts"] - many["at_start"]
    key = next(key for key, one in starts(study).items() if one == start)
    printed = study.summary["answer"][key][policy]
    if level := found(r"([\d.]+)% interval", said):
        share = f"{100 * study.config['statistics']['confidence']:g}"
        yield exact(f"{name}: level", place, level, share)
    if few := found(r"interval: (\d+) pairs? (?:is|are) too few", said):
        yield counted(f"{name}: too few pairs", place, few, pairs)
    for pattern, end in ((r"% interval (?:from )?([\d.,]*\d)", "low"), (r"(?:to|up to) ([\d.,]*\d)", "high")):
        if (text := found(pattern, said)) and printed[f"slowdown_{end}"]:
            yield quoted(f"{name}: {end} end", place, text, printed[f"slowdown_{end}"])
        elif text:
            yield exact(f"{name}: {end} end", place, text, "none")
    if late := re.search(r"([\d,]+) of ([\d,]+) MSE runs had not arrived after ([\d,]+) steps", said):
        yield counted(f"{name}: MSE runs not arrived", place, late[1], many["starts"] - many["mse_reached"])
        yield counted(f"{name}: MSE runs", place, late[2], many["starts"])
        yield counted(f"{name}: budget", place, late[3], int(study.config["max_steps"]))


def _detail(study: Finished, name: str, start: Start, card: Mapping[str, Any]) -> Iterator[Check]:
    """The sentence under a card: its counts, range and medians."""
    text, place = card["detail"], f"{SUMMARY}, cards"
    yield exact(f"{name}: the sentence under it", PAGE, text if text in study.page else "another", text)
    by_data = start.pairs(study, "equal")
    together = pooled(by_data.values())
    many = counts(together)
    if start.scale:
        size = found(r"(?:probability|deviation) ([\d.,]*\d)", text)
        yield exact(f"{name}: scale", place, size, f"{start.scale:g}")
    yield counted(f"{name}: paired starts", place, found(r"([\d,]+) paired start", text), many["starts"])
    if many["at_start"]:
        said = found(r"in ([\d,]+) of which", text)
        yield counted(f"{name}: met at the start", place, said, many["at_start"])
    for word in ("slower", "faster"):
        yield counted(f"{name}: {word}", place, found(rf"{word} in ([\d,]+)", text), many[word])
    compared = found(r"faster in [\d,]+ of ([\d,]+) pairs", text)
    yield counted(f"{name}: of pairs", place, compared, many["starts"] - many["at_start"])
    sides = {"mse": (together.mse, together.mse_seen), "bce": (together.bce, together.bce_seen)}
    for loss, side in sides.items():
        steps = median(*side)
        said = found(rf"[: ]{loss.upper()} ((?:> )?[\d.,]*\d)(?:[.,; ]|$)", text)
        late = {"value": steps, "bound": False}
        if math.isinf(steps):
            late = {"value": float(study.config["max_steps"]), "bound": True}
        yield quoted(f"{name}: median steps of {loss}", place, said, **late)
    yield from _range(name, place, text, sorted(slowdown(*ratios(one)) for one in by_data.values()))


def _range(name: str, place: str, text: str, cells: list[Slowdown]) -> Iterator[Check]:
    ends = [cell for cell in cells if cell.value > 0]
    said = re.search(r": (?:from )?((?:> )?[\d.,]+.)(?: to ((?:> )?[\d.,]+.))?(?: over (\d+)| on one)", text)
    low, high, many = (said[1], said[2] or said[1], said[3] or "1") if said else (None, None, None)
    yield quoted(f"{name}: least over data sets", place, low, ends[0].value, bound=ends[0].bound)
    yield quoted(f"{name}: greatest over data sets", place, high, ends[-1].value, bound=ends[-1].bound)
    yield counted(f"{name}: data sets", place, many, len(ends))


def unfinished(study: Finished) -> Iterator[Check]:
    """Runs that had not arrived, at rates up to each loss's own 1/L and above: counts, and shares."""
    rows = study.runs[study.runs["target"] == study.target]
    spoken = study.summary["first_screen"]["counting"]
    for part, words in (("stable", "Over all starts"), ("above", "At the larger rates")):
        sentence = next((text for text in spoken if text.startswith(words)), "")
        missed = {}
        for loss in LOSSES:
            up_to = rows["rate"] <= study.own_rate[loss] * (1 + 1e-9)
            here = rows[(rows["loss"] == loss) & (up_to == (part == "stable"))]
            missed[loss] = int((here["status"] != "reached").sum()), len(here)
            printed = study.summary["answer"]["unfinished"].get(loss, {}).get(part, [0, 0])
            yield exact(f"{part}: {loss} runs not arrived", SUMMARY, printed, list(missed[loss]))
        if not any(late for late, _ in missed.values()):
            continue
        for loss, (late, many) in missed.items():
            said = found(rf"([<>]? ?[\d.]+)% of the {loss.upper()} runs", sentence)
            share = f"{100 * late / many:.1f}" if 0 < late < many else f"{100 * late // max(many, 1)}"
            share = "< 0.1" if 0 < late < many / 1000 else share
            share = "> 99.9" if 0 < many - late < many / 1000 else share
            text = said.strip() if said else said
            yield exact(f"{part}: share of {loss} runs", f"{SUMMARY}, counting", text, share)
        yield exact(
            f"{part}: the sentence", PAGE, sentence if sentence in study.page else "another", sentence
        )
