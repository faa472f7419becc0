"""How the answer moves with what was chosen: target, threshold, learning rate and convention.

One choice at a time is made differently. What the sweep ran is taken from the statistics; the runs to other
thresholds are made here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from study.data.facts import SHARE, threshold
from study.runs.plan import stable_rates
from study.runs.sweep import Progress, first_parameters
from study.sensitivity.screen import SEEDS, first_screen, rerun
from study.sensitivity.tables import NOTHING, SENSITIVITY
from study.statistics.answers import Start
from study.statistics.cells import summarise
from study.statistics.headline import Headline
from study.statistics.pairs import LOSSES, pairs
from study.tables.table import conform

if TYPE_CHECKING:
    from study.config.model import Config
    from study.runs.sweep import Note

__all__ = ["FACTOR", "SHARES", "facts", "needed", "sensitivity"]

SHARES: Final = {
    "half of the way": 0.5,
    "a fifth of the way": 0.2,
    "a twentieth of the way": 0.05,
    "a hundredth of the way": 0.01,
}
"""Other thresholds: how far from what both losses attain to what the base rate scores."""

FACTOR: Final = 8.0
"""The other common rates are those nearest to so many times the common rate, and to its so-manieth part."""

_BY_POLICY: Final = {
    "equal_no_half": ("convention", "MSE without its factor 1/2"),
    "smoothness": ("policy", "each loss at its own 1/L"),
    "tuned": ("policy", "each loss at its best rate"),
}


def sensitivity(
    config: Config,
    frames: Mapping[str, pd.DataFrame],
    runs: pd.DataFrame,
    arrays: Mapping[str, NDArray[Any]],
    note: Note,
) -> pd.DataFrame:
    """Compute the table `sensitivity`.

    Parameters
    ----------
    config
        Its root seed, `hold` and statistics are read.
    frames
        The tables `answers`, `headline` and `datasets`, by name.
    runs
        The rows of `runs` that `needed` names, all columns.
    arrays
        The arrays of `study.runs.draw.build`.
    note
        Takes lines on the progress of the runs to other thresholds.

    Returns
    -------
    DataFrame
        In the schema `SENSITIVITY`.
    """
    chosen, answers = Headline.read(frames["headline"]), frames["answers"]
    starts = first_screen(answers, chosen)
    parts = [_answered(answers, starts, chosen)]
    for rate in other_rates(runs, chosen.rate):
        rows = runs[runs["rate"] == rate]
        parts.append(
            _summary(config, rows, starts).assign(
                changed="rate", choice=f"{_rate_text(rate)} for both losses", share=SHARE
            )
        )
    made = _to_thresholds(config, _at_common_rate(runs, chosen), frames["datasets"], arrays, note)
    for choice, share, rows in made:
        parts.append(_summary(config, rows, starts).assign(changed="threshold", choice=choice, share=share))
    found = [part[list(SENSITIVITY.dtypes)] for part in parts if len(part)]
    return conform(pd.concat(found) if found else pd.DataFrame(columns=list(SENSITIVITY.dtypes)), SENSITIVITY)


def needed(frames: Mapping[str, pd.DataFrame]) -> list[dict[str, str | float]]:
    """Say which rows of `runs` the function `sensitivity` needs, in the form `store.scan` takes.

    Parameters
    ----------
    frames
        The tables `answers` and `headline`, by name.
    """
    chosen = Headline.read(frames["headline"])
    return [start.where(chosen.target) for start in first_screen(frames["answers"], chosen)]


def _at_common_rate(runs: pd.DataFrame, chosen: Headline) -> pd.DataFrame:
    return runs[(runs["rate"] == chosen.rate) & runs["loss"].isin(LOSSES)]


def _rate_text(rate: float) -> str:
    return f"{rate:g}/L"


def other_rates(runs: pd.DataFrame, common: float) -> list[float]:
    """Choose the rates that both losses were run at nearest to `FACTOR` times the common one, and to a part.

    Near is meant by the logarithm; on a tie the smaller. None where there is no rate on that side.
    """
    mse, bce = (runs.loc[runs["loss"] == loss, "rate"].to_numpy(np.float64) for loss in LOSSES)
    shared = np.intersect1d(mse, bce)
    out = []
    for wanted, there in (
        (common / FACTOR, shared[shared < common]),
        (common * FACTOR, shared[shared > common]),
    ):
        if there.size:
            out.append(float(there[np.argmin(np.round(np.abs(np.log2(there / wanted)), 9))]))
    return out


def _answered(answers: pd.DataFrame, starts: Sequence[Start], chosen: Headline) -> pd.DataFrame:
    """Take what the table `answers` has: the base case, other targets, and the other policies."""
    out = []
    for start in starts:
        rows = answers[
            (answers["initialisation"] == start.initialisation)
            & (answers["scale"] == start.scale)
            & (answers["data"] == start.data)
        ]
        for row in rows.to_dict("records"):
            if row["target"] == chosen.target:
                changed, choice = _BY_POLICY.get(row["policy"], (NOTHING, "as on the first screen"))
            elif row["policy"] == "equal":
                changed, choice = "target", row["target"]
            else:
                continue
            out.append(row | {"changed": changed, "choice": choice, "share": SHARE})
    return pd.DataFrame(out, columns=[*answers.columns, "changed", "choice", "share"])


def _summary(config: Config, runs: pd.DataFrame, starts: Sequence[Start]) -> pd.DataFrame:
    """Summarise the pairs of each start at a common rate, as the table `answers` does."""
    paired = pairs(runs, stable_rates(), folds=config.statistics.folds)
    paired = paired[paired["policy"] == "equal"]
    how: dict[str, Any] = {"resamples": config.statistics.resamples, "level": config.statistics.confidence}
    found = [
        summarise(start.of(paired), ["target", "policy", "rate"], **how).assign(
            initialisation=start.initialisation, scale=start.scale, data=start.data
        )
        for start in starts
    ]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def _to_thresholds(
    config: Config,
    runs: pd.DataFrame,
    datasets: pd.DataFrame,
    arrays: Mapping[str, NDArray[Any]],
    note: Note,
) -> Iterator[tuple[str, float, pd.DataFrame]]:
    """Make runs of the first seeds again to other thresholds; yield choice, share and rows of `runs`."""
    runs = runs[runs["seed"].isin(np.unique(runs["seed"])[:SEEDS])]
    facts_of: dict[int, Any] = {row["data"]: row for row in datasets.to_dict("records")}
    asked = [
        runs.assign(
            share=share,
            threshold=[
                threshold(facts_of[data], target, share)
                for data, target in zip(runs["data"], runs["target"], strict=True)
            ],
        )
        for share in SHARES.values()
    ]
    rows = pd.concat(asked, ignore_index=True)
    progress = Progress("sensitivity", len(rows), note)
    made = rerun(
        rows, arrays, lambda rows, drawn: first_parameters(rows, drawn, config.seed), config.hold, progress
    )
    progress.end()
    for choice, share in SHARES.items():
        yield choice, share, made[made["share"] == share]


def facts(table: pd.DataFrame) -> dict[str, dict[str, dict[str, Any]]]:
    """Return what prose can say of the table: by start, its base case, and its least and greatest slowdown.

    Parameters
    ----------
    table
        The table `sensitivity`.

    Returns
    -------
    dict
        By initialisation: `base`, `least` and `greatest`, each a row of the table. The last two are of the
        rows with a slowdown above 0 (a bound counts by its value); a start without a base case is left out.
    """
    out: dict[str, Any] = {}
    for initialisation, rows in table.groupby("initialisation", sort=True):
        base, known = rows[rows["changed"] == NOTHING], rows[rows["slowdown"] > 0]
        if len(base) and len(known):
            ordered = known.sort_values(["slowdown", "changed", "choice"], kind="stable")
            least, greatest = ordered.iloc[0].to_dict(), ordered.iloc[-1].to_dict()
            first = base.iloc[0].to_dict()
            out[str(initialisation)] = {"base": first, "least": least, "greatest": greatest}
    return out
