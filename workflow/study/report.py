"""The report: one self-contained page and a summary in JSON, every sentence made from the tables.

Paths and plain values in, files out. Templates lie in `templates/`; what they print is prepared here, so that no number
is written by hand and none can contradict a table. Nothing that changes from run to run of the same study, such as a
time of day, reaches the page.
"""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import jinja2
import numpy as np
import pandas as pd
from markupsafe import Markup

from study import figures, statistics, tables, wording

PACKAGES: Final = ("numpy", "scipy", "pandas", "pyarrow", "numba", "scikit-learn", "matplotlib", "snakemake")
POLICIES: Final = {"equal": "equal rates", "smoothness": "each at its own 1/L", "tuned": "each at its best rate"}
_TEMPLATES: Final = Path(__file__).parent / "templates"

# Ink and the two losses' colours follow the reader's light or dark page; in a file of its own a figure keeps its own.
_THEMED: Final = {
    figures.INK: "var(--ink)",
    figures.MUTED: "var(--muted)",
    figures.GRID: "var(--line)",
    figures.COLOURS["mse"]: "var(--mse)",
    figures.COLOURS["bce"]: "var(--bce)",
}


@dataclass(frozen=True)
class Card:
    """One of the numbers of the first screen: the number, its interval or what bounds it, what it is, and where."""

    value: str
    interval: str
    label: str
    detail: str


@dataclass(frozen=True)
class Provenance:
    """Where the numbers come from.

    Attributes
    ----------
    commit
        Of the code, `unknown` where there is none.
    config
        The config as YAML text.
    level, resamples
        Confidence level and bootstrap resamples that the tables were made with.
    versions
        Package name to version, Python among them.
    digests
        File, relative to the page, to SHA-256.
    """

    commit: str = "unknown"
    config: str = ""
    level: float = statistics.LEVEL
    resamples: int = statistics.RESAMPLES
    versions: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that the numbers depend on."""
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in PACKAGES}


# --- Words for numbers ------------------------------------------------------------------------------------------------


def times(value: float, *, bound: bool = False) -> str:
    """Write a ratio as the page does: ``13.9\N{MULTIPLICATION SIGN}``, ``> 812\N{MULTIPLICATION SIGN}``."""
    digits = wording.number(value, rounding="down" if bound else "nearest")
    return f"{'> ' if bound else ''}{digits}\N{MULTIPLICATION SIGN}"


def ratio(record: Mapping[str, Any] | None) -> str:
    """Write the slowdown of a summary; a bound as a bound, `unknown` where nothing is known."""
    if record is None or math.isnan(record["slowdown"]):
        return "none"
    if record["slowdown"] == 0:
        return str(record["text"]).replace("x", "\N{MULTIPLICATION SIGN}")
    return times(record["slowdown"], bound=bool(record["slowdown_bound"]))


def interval(record: Mapping[str, Any], level: float) -> str:
    """Say the interval of a slowdown at a confidence level, or what a bound means."""
    if record["slowdown_bound"]:
        missed = int(record["mse_censored"] + record["mse_diverged"])
        return (
            f"a lower bound: {missed} of {record['starts']} MSE runs had not arrived "
            f"after {wording.count(int(record['budget']))} steps"
        )
    low, high = float(record["slowdown_low"]), float(record["slowdown_high"])
    if math.isinf(high):
        return f"{100 * level:g}% interval from {wording.number(low)}, no upper limit"
    return f"{100 * level:g}% interval {wording.number(low)} to {wording.number(high)}"


def spread(ends: Mapping[str, Any] | None) -> str:
    """Say between which values the cells of a kind lie."""
    if ends is None:
        return ""
    low, high = (times(value, bound=bound) for value, bound in (ends["lowest"], ends["highest"]))
    if ends["cells"] == 1 or low == high:
        return f"{ends['cells']} {'cell' if ends['cells'] == 1 else 'cells'}: {low}"
    return f"{ends['cells']} cells: from {low} to {high}"


def _place(setting: tuple[str, float] | None) -> str:
    if setting is None:
        return ""
    return f"{setting[0]} data, {figures.separability_name(setting[0])} = {wording.number(setting[1])}"


# --- The first screen -------------------------------------------------------------------------------------------------


def cards(found: Mapping[str, Any], level: float = statistics.LEVEL) -> list[Card]:
    """Make the cards of the first screen from `study.statistics.answer`: those of the three that the study can fill."""
    out = []
    rate = wording.number(found["rate"])
    if (zero := found["zero"]) is not None:
        where = (
            f"All parameters zero, same learning rate ({rate}/L), {zero['starts']} paired starts on all data sets, "
            f"{spread(found['zero_spread'])}. The law: 4 while logits are small, more as they grow."
        )
        out.append(Card(ratio(zero), interval(zero, level), "as many steps from a neutral start", where))
    if found["featured"] is not None:
        entry = found["wrong"][found["featured"]]
        scale = wording.number(entry["scale"])
        where = (
            f"{_place(found['setting'])}, wrong start of size {scale}, same learning rate. "
            f"Over all data sets at this size, {spread(found['wrong_spread'])}."
        )
        out.append(
            Card(ratio(entry["equal"]), interval(entry["equal"], level), "from a confidently wrong start", where)
        )
        if (tuned := entry["tuned"]) is not None:
            rates = f"MSE at {_rate(tuned, 'mse')}/L, BCE at {_rate(tuned, 'bce')}/L, chosen on seeds of their own."
            out.append(
                Card(
                    ratio(tuned), interval(tuned, level), "from that start, each loss at its best learning rate", rates
                )
            )
    return out


def _rate(record: Mapping[str, Any], loss: str) -> str:
    return wording.number(float(record[f"rate_{loss}"]))


def lede(found: Mapping[str, Any]) -> list[str]:
    """Answer the question in two or three sentences, from the numbers alone."""
    out = []
    first = []
    if found["zero"] is not None:
        first.append(f"from a neutral start, {ratio(found['zero'])} as many steps")
    if found["featured"] is not None:
        entry = found["wrong"][found["featured"]]
        clause = f"from one that is confidently wrong, {ratio(entry['equal'])} at size {wording.number(entry['scale'])}"
        last = found["wrong"][-1]
        if last is not entry and last["equal"] is not None and last["equal"]["slowdown"] > 0:
            clause += f" and {ratio(last['equal'])} at size {wording.number(last['scale'])}"
        first.append(clause)
    if first:
        text = "; ".join(first)
        out.append(f"{text[0].upper()}{text[1:]}.")
        out.append(
            "The reason: MSE's gradient carries a factor that vanishes where the model is sure, even where it is wrong."
        )
    if (ordinary := found["ordinary"]) is not None and ordinary["equal"] is not None:
        out.append(
            f"On real data from an ordinary small random start: {ratio(ordinary['equal'])} at equal rates"
            + (f", {ratio(ordinary['tuned'])} with the best rate for each." if ordinary["tuned"] is not None else ".")
        )
    ends = found["unfinished"]
    missed = {loss: ends[loss] for loss in statistics.LOSSES if loss in ends and ends[loss][0]}
    if missed:
        shares = [f"{wording.percent(*share)} of the {figures.NAMES[loss]} runs" for loss, share in missed.items()]
        out.append(f"{' and '.join(shares)} did not arrive within the budget.")
    elif ends:
        out.append("Every run arrived within the budget.")
    return out


# --- Tables of the page -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Grid:
    """A table of the page: caption, head, rows of text (the first `labels` cells of a row head it), its file."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    labels: int
    file: str


def _level(value: float) -> str:
    return "" if math.isnan(value) else wording.number(value)


def _scale(initialisation: str, scale: float) -> str:
    return initialisation if initialisation == "zero" else f"{initialisation} {wording.number(scale)}"


def target_prose(target: str) -> str:
    """Say which target the figures use, and why."""
    if target == "brier":
        return "Figures use the Brier score as the target: MSE descends that very score, so it does not favour BCE."
    return f"Figures use {figures.TARGETS.get(target, target)} as the target."


def _zero_cells(cells: pd.DataFrame) -> pd.DataFrame:
    """Cells of zero starts at the smallest common rate, where whole numbers of steps blur a ratio least."""
    equal = (cells["initialisation"] == "zero") & (cells["policy"] == "equal")
    rows = cells[equal & cells["slowdown"].notna()]
    finest: pd.DataFrame = rows[rows["rate"] == rows["rate"].min()]
    return finest


def law_grid(cells: pd.DataFrame) -> Grid:
    """Lay out the slowdown from a zero start at the smallest equal rate, a row per data set, a column per target."""
    rows = _zero_cells(cells)
    caption = "Slowdown from a zero start at equal rates"
    if len(rows):
        caption += f" of {wording.number(float(rows['rate'].iloc[0]))}/L"
    rows = rows.fillna({"separability": math.inf})  # a pivot drops what stands at nan
    wide = rows.pivot_table(
        index=["dataset", "separability"], columns="target", values="text", aggfunc="first"
    ).reindex(columns=list(figures.TARGETS))
    body = [
        [
            str(name),
            _level(math.nan if math.isinf(level) else level),
            *(t if isinstance(t, str) else "none" for t in texts),
        ]
        for (name, level), texts in zip(wide.index, wide.to_numpy(object), strict=True)
    ]
    head = ["data set", "separability", *figures.TARGETS.values()]
    return Grid(caption, head, body, 2, "tables/slowdown.csv")


def law_prose(cells: pd.DataFrame) -> list[str]:
    """Say how the zero starts stand to the law of 4, and why some leave it."""
    rows = _zero_cells(cells)
    if rows.empty:
        return ["This study has no zero start at equal rates, so the law is not put to the test here."]
    return [*_law_of_scores(rows[(rows["target"] != "accuracy") & (rows["slowdown"] > 0)]), *_law_of_accuracy(rows)]


def _law_of_scores(cells: pd.DataFrame) -> list[str]:
    """Say which cell comes nearest to 4, and how many lie above."""
    if cells.empty:
        return []
    rate = wording.number(float(cells["rate"].iloc[0]))
    gap = np.abs(np.log(cells["slowdown"] / 4))
    nearest = _end(cells.loc[gap.sort_values(kind="stable").index[0]])
    out = []
    out.append(
        f"At the smallest rate of this study, {rate}/L, where whole steps blur the ratio least, the nearest to 4 of "
        f"the cells with a score as the target (there are {len(cells)}) is {nearest}."
    )
    above = cells[cells["slowdown"] > 4.4].sort_values(["slowdown", "slowdown_bound"])
    if len(above):
        out.append(
            f"More than a tenth above 4 {'lies' if len(above) == 1 else 'lie'} {len(above)}, up to "
            f"{_end(above.iloc[-1])}: there the target asks for large logits, and the larger a logit the smaller is "
            "p (1 \N{MINUS SIGN} p), which is 1/4 at its largest."
        )
    return out


def _law_of_accuracy(cells: pd.DataFrame) -> list[str]:
    """Say in how many cells both losses reach the accuracy with their first step."""
    cells = cells[cells["target"] == "accuracy"]
    at_once = int(((cells["mse_median"] == 1) & (cells["bce_median"] == 1)).sum())
    if not at_once:
        return []
    told = (
        "Accuracy is another matter: it asks for the direction of the parameters alone, and both losses take their "
        f"first step in the same one. In {at_once} of {len(cells)} cells that step is enough, and the ratio is 1."
    )
    return [told]


def _end(row: pd.Series[Any]) -> str:
    """Name a cell with its slowdown."""
    level = "" if math.isnan(row["separability"]) else f" {wording.number(row['separability'])}"
    slow = times(row["slowdown"], bound=bool(row["slowdown_bound"]))
    return f"{slow} ({row['dataset']}{level}, {figures.TARGETS.get(row['target'], row['target'])})"


def policy_grid(parts: pd.DataFrame, setting: tuple[str, float] | None) -> Grid:
    """Lay out what each learning-rate policy leaves, for wrong starts at the headline setting, all targets."""
    rows = parts.iloc[:0]
    if setting is not None:
        here = (parts["dataset"] == setting[0]) & (parts["separability"] == setting[1])
        rows = parts[here & parts["initialisation"].isin(["zero", "wrong"])].sort_values(["target", "scale"])
    body = [
        [
            figures.TARGETS.get(row["target"], row["target"]),
            _scale(row["initialisation"], row["scale"]),
            *(row[f"{policy}_text"] for policy in POLICIES),
            "unknown" if math.isnan(row["tuning_buys"]) else times(row["tuning_buys"]),
        ]
        for _, row in rows.iterrows()
    ]
    head = ["target", "start", *POLICIES.values(), "equal / best"]
    return Grid(
        f"Slowdown under each learning-rate policy, {_place(setting)}", head, body, 2, "tables/decomposition.csv"
    )


def policy_prose(found: Mapping[str, Any]) -> list[str]:
    """Say what a larger learning rate buys back at the featured start, and what it does not."""
    if found["featured"] is None:
        return ["No wrong start at equal rates in this study, so there is nothing to take apart."]
    entry = found["wrong"][found["featured"]]
    out = [f"From the wrong start of size {wording.number(entry['scale'])} on {_place(found['setting'])}:"]
    told = [
        f"{ratio(entry[p])} at {name}" if p == "equal" else f"{ratio(entry[p])} with {name}"
        for p, name in POLICIES.items()
        if entry[p]
    ]
    out[0] += " " + ", ".join(told) + "."
    equal, tuned = entry["equal"], entry["tuned"]
    if tuned and equal["slowdown_bound"]:
        out.append("At equal rates only a bound is known, so what the best rates buy back cannot be told.")
    elif tuned and not tuned["slowdown_bound"] and tuned["slowdown"] > 0:
        bought, left = equal["slowdown"] / tuned["slowdown"], times(tuned["slowdown"])
        if bought > 1:
            out.append(f"So the best rates buy back a factor of {wording.number(bought)}, and {left} remains.")
        else:
            out.append(f"So the best rates buy nothing back here: BCE gains as much from its own, and {left} remains.")
    return out


def edge_prose(cells: pd.DataFrame) -> str:
    """Say how often the best rate is the largest tried, where a larger one might have done better."""
    tuned = cells[cells["policy"] == "tuned"]
    shares = []
    for loss in statistics.LOSSES:
        rates = cells[f"rate_{loss}"]
        edge = int((tuned[f"rate_{loss}"] == rates.max()).sum())
        shares.append(f"{figures.NAMES[loss]}'s in {wording.count(edge)}")
    return f"Of {wording.count(len(tuned))} tuned cells the best rate is the largest tried: {', '.join(shares)}."


def ends_grid(ends: pd.DataFrame) -> Grid:
    """Lay out how the runs ended, by loss and target."""
    body = [
        [
            figures.NAMES.get(loss, loss),
            figures.TARGETS.get(target, target),
            wording.count(total),
            wording.percent(reached, total),
            wording.percent(censored, total),
            wording.percent(diverged, total),
        ]
        for loss, target, total, reached, censored, diverged in ends.itertuples(index=False, name=None)
    ]
    head = ["loss", "target", "runs", "reached", "budget ran out", "diverged"]
    return Grid("How the runs of the evaluation seeds ended, all learning rates", head, body, 2, "tables/runs.parquet")


def real_grid(cells: pd.DataFrame) -> Grid:
    """Lay out the slowdown on real data under each policy, a row per data set and start, headline target."""
    rows = statistics.headline(cells)
    rows = rows[rows["separability"].isna() & (rows["target"] == statistics.headline_target(cells))]
    wide = rows.pivot_table(
        index=["dataset", "initialisation", "scale"], columns="policy", values="text", aggfunc="first"
    ).reindex(columns=list(POLICIES))
    body = [
        [str(name), _scale(start, scale), *(t if isinstance(t, str) else "none" for t in texts)]
        for (name, start, scale), texts in zip(wide.index, wide.to_numpy(object), strict=True)
    ]
    return Grid(
        "Slowdown on real data, headline target",
        ["data set", "start", *POLICIES.values()],
        body,
        2,
        "tables/slowdown.csv",
    )


def cell_grids(cells: pd.DataFrame) -> list[Grid]:
    """Lay out every cell of the three policies, one table per data set; `equal` at the common rate nearest to 1."""
    rows = statistics.headline(cells)
    head = [
        "separability",
        "start",
        "policy",
        "target",
        "MSE at",
        "BCE at",
        "pairs",
        "at start",
        "MSE missed",
        "MSE median",
        "BCE median",
        "slowdown",
    ]
    out = []
    for name, group in rows.groupby("dataset", sort=True):
        body = [
            [
                _level(row["separability"]),
                _scale(row["initialisation"], row["scale"]),
                row["policy"],
                figures.TARGETS.get(row["target"], row["target"]),
                wording.number(row["rate_mse"]),
                wording.number(row["rate_bce"]),
                str(row["starts"]),
                str(row["at_start"]),
                str(row["mse_censored"] + row["mse_diverged"]),
                wording.steps(row["mse_median"], row["budget"]),
                wording.steps(row["bce_median"], row["budget"]),
                row["text"],
            ]
            for row in group.to_dict("records")
        ]
        out.append(Grid(f"{name}: every cell", head, body, 2, "tables/slowdown.csv"))
    return out


def data_grid(data: pd.DataFrame) -> Grid:
    """Lay out the data sets, one row per data set and separability, ranges over seeds."""
    body = []
    for (name, _), rows in data.groupby(["dataset", "separability"], dropna=False, sort=True):
        known = rows["bayes_error"].notna().all()
        body.append(
            [
                str(name),
                _level(float(rows["separability"].iloc[0])),
                _range(rows["n"]),
                _range(rows["d"]),
                _range(rows["positives"]),
                wording.percent(int(rows["separable"].sum()), len(rows)),
                wording.number(float(rows["bayes_error"].iloc[0])) if known else "unknown",
                _range(rows["bce_accuracy"]),
                _range(rows["brier_optimum"]),
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
        "best accuracy (BCE)",
        "best Brier score",
    ]
    return Grid("Data sets, ranges over seeds", head, body, 2, "tables/datasets.csv")


def _range(values: pd.Series[Any]) -> str:
    if values.empty:
        return "none"
    low, high = wording.number(float(values.min())), wording.number(float(values.max()))
    return low if low == high else f"{low} to {high}"


# --- The whole --------------------------------------------------------------------------------------------------------


def own_rates(cells: pd.DataFrame) -> dict[str, float]:
    """Read off the slowdown table at which rate each loss runs under `smoothness`; nan where it has no such cell."""
    rows = cells[cells["policy"] == "smoothness"]
    return {loss: float(rows[f"rate_{loss}"].iloc[0]) if len(rows) else math.nan for loss in statistics.LOSSES}


def _jsonable(value: Any) -> Any:
    """Turn numpy scalars into plain ones, tuples into lists, and nan and inf, which JSON lacks, into null."""
    if isinstance(value, Mapping):
        return {str(key): _jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def summary(frames: Mapping[str, pd.DataFrame], provenance: Provenance) -> dict[str, Any]:
    """Return what `summary.json` holds: headline numbers, counts, versions and digests.

    Parameters
    ----------
    frames
        The tables `runs`, `slowdown` and `datasets` by name.
    provenance
        Commit, config, versions and digests.

    Returns
    -------
    dict
        Plain values only; null for nan and inf. `answer` is `study.statistics.answer`, `ends` has a row per loss and
        target, `counts` tells how many runs, cells and data sets there are, and how many cells are lower bounds.
    """
    runs, cells = frames["runs"], frames["slowdown"]
    found = statistics.answer(runs, cells, own_rates(cells), resamples=provenance.resamples, level=provenance.level)
    counts = {
        "runs": int(runs["run"].nunique()),
        "starts": int(runs["start"].nunique()),
        "data_sets": len(frames["datasets"]),
        "cells": len(cells),
        "bounds": int(cells["slowdown_bound"].sum()),
        "diverged": int(runs.loc[runs["status"] == "diverged", "run"].nunique()),
    }
    out = {
        "answer": found,
        "counts": counts,
        "ends": statistics.statuses(runs).to_dict("records"),
        "commit": provenance.commit,
        "versions": dict(provenance.versions),
        "digests": dict(provenance.digests),
    }
    return _jsonable(out)  # type: ignore[no-any-return]


def _figure(name: str, frames: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Prepare a figure for the page: inline SVG in the page's colours, caption, and its files."""
    entry = figures.FIGURES[name]
    text = figures.svg(name, frames)
    for colour, variable in _THEMED.items():
        text = text.replace(colour, variable)
    file = tables.TABLES[entry.tables[0]].files()[0] if entry.tables else ""
    # The SVG is made by matplotlib from numbers; its only free text is escaped where it is put in.
    inline = Markup(text)  # noqa: S704
    return {
        "name": name,
        "title": entry.title,
        "caption": figures.caption(name, frames),
        "svg": inline,
        "file": file,
    }


def page(frames: Mapping[str, pd.DataFrame], provenance: Provenance) -> str:
    """Render the report as one HTML page that needs nothing but itself.

    Parameters
    ----------
    frames
        The tables `runs`, `slowdown`, `decomposition`, `datasets` and `curves` by name.
    provenance
        Commit, config, versions and digests.
    """
    runs, cells = frames["runs"], frames["slowdown"]
    found = statistics.answer(runs, cells, own_rates(cells), resamples=provenance.resamples, level=provenance.level)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (_TEMPLATES / "report.css").read_text(encoding="utf-8")
    missing = [figures.NAMES[loss] for loss in statistics.LOSSES if loss not in set(runs["loss"])]
    seeds = frames["datasets"].groupby("role")["seed"].nunique()
    return environment.get_template("report.html").render(
        style=Markup(style),  # noqa: S704  our own file
        comparable=len(cells) > 0,
        missing=missing,
        cards=cards(found, provenance.level),
        level=f"{100 * provenance.level:g}%",
        lede=lede(found),
        figures={name: _figure(name, frames) for name in figures.FIGURES},
        law_prose=law_prose(cells),
        law=law_grid(cells),
        policy_prose=policy_prose(found),
        edge_prose=edge_prose(cells),
        policy=policy_grid(frames["decomposition"], found["setting"]),
        real=real_grid(cells),
        ends=ends_grid(statistics.statuses(runs)),
        cells=cell_grids(cells),
        data=data_grid(frames["datasets"]),
        target_prose=target_prose(found["target"]),
        setting=_place(found["setting"]),
        rate=wording.number(found["rate"]),
        counts={
            "runs": wording.count(int(runs["run"].nunique())),
            "starts": wording.count(int(runs["start"].nunique())),
            "cells": wording.count(len(cells)),
            "bounds": wording.count(int(cells["slowdown_bound"].sum())),
            "both_missed": wording.count(int(cells["both_missed"].sum())),
            "bce_missed": wording.count(int(cells["bce_missed"].sum())),
            "budget": _range(runs["max_steps"]),
            "evaluation": int(seeds.get("evaluation", 0)),
            "tuning": int(seeds.get("tuning", 0)),
        },
        resamples=wording.count(provenance.resamples),
        provenance=provenance,
    )


def write(
    folder: str | Path,
    html: str | Path,
    summary_file: str | Path,
    *,
    commit: str,
    config: str,
    level: float = statistics.LEVEL,
    resamples: int = statistics.RESAMPLES,
) -> None:
    """Write `report.html` and `summary.json` from the tables in a folder.

    Parameters
    ----------
    folder
        Where the tables lie, in parquet and CSV, such as `results/tables`.
    html, summary_file
        The files to write. Links in the page are relative to it, so it belongs beside `tables/` and `figures/`.
    commit
        Of the code, `unknown` where there is none.
    config
        The config as YAML text.
    level, resamples
        Confidence level and bootstrap resamples that the tables were made with.
    """
    folder = Path(folder)
    names = ("datasets", "runs", "curves", "slowdown", "decomposition")
    frames = {name: tables.read(name, folder / f"{name}.parquet") for name in names}
    files = [file for name in names for file in tables.TABLES[name].files()]
    digests = {file: tables.digest(folder / Path(file).name) for file in files if (folder / Path(file).name).exists()}
    provenance = Provenance(commit, config, level, resamples, versions(), digests)
    with tables.replacing(Path(html)) as temporary:
        temporary.write_text(page(frames, provenance), encoding="utf-8")
    with tables.replacing(Path(summary_file)) as temporary:
        text = json.dumps(summary(frames, provenance), indent=2, allow_nan=False, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8")
