"""Which cells the first screen and the figures speak of, and the numbers of the first screen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from study.statistics.bootstrap import RESAMPLES
from study.statistics.cells import summarise
from study.statistics.ends import ends, of_targets
from study.statistics.pairs import LOSSES, SETTING, pairs
from study.statistics.survival import LEVEL
from study.statistics.tables import DECOMPOSITION
from study.tables.table import conform


def reference_rate(cells: pd.DataFrame) -> float:
    """Return the common rate nearest to 1/L_BCE (by its logarithm, the smaller on a tie) that `equal` was run at.

    `cells` is the slowdown table or a frame of pairs. nan where no common rate was run.
    """
    rates = np.unique(cells.loc[cells["policy"] == "equal", "rate"].to_numpy(float))
    if rates.size == 0:
        return math.nan
    return float(rates[np.argmin(np.round(np.abs(np.log2(rates)), 9))])


def headline(cells: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of the three policies that stand side by side: `equal` at the reference rate only."""
    return cells[(cells["policy"] != "equal") | (cells["rate"] == reference_rate(cells))]


def headline_target(frame: pd.DataFrame) -> str:
    """Choose the target that headline numbers and figures speak of, among those in the column `target`.

    The Brier score where there is one: MSE descends that very score, so it does not favour BCE. Else the first by name.
    """
    targets = sorted(frame["target"].unique())
    return "brier" if "brier" in targets or not targets else str(targets[0])


def at_largest_rate(rows: pd.DataFrame, cells: pd.DataFrame, loss: str = "mse") -> pd.Series[bool]:
    """Mark the rows in which a loss runs at the largest rate tried with it in all of `cells`: a larger one might do better."""
    marked: pd.Series[bool] = rows[f"rate_{loss}"] == cells[f"rate_{loss}"].max()
    return marked


def decomposition(cells: pd.DataFrame) -> pd.DataFrame:
    """Say for each setting and target what a larger learning rate buys back of the slowdown, and what it does not.

    Parameters
    ----------
    cells
        The table `slowdown`.

    Returns
    -------
    pandas.DataFrame
        In the schema `DECOMPOSITION`.
    """
    keys = [*SETTING, "target"]
    chosen = headline(cells)
    out = chosen[keys].drop_duplicates().reset_index(drop=True)
    for policy in ("equal", "smoothness", "tuned"):
        side = chosen.loc[chosen["policy"] == policy, [*keys, "slowdown", "slowdown_bound", "text"]]
        names = {"slowdown": policy, "slowdown_bound": f"{policy}_bound", "text": f"{policy}_text"}
        out = out.merge(side.rename(columns=names), on=keys, how="left", validate="one_to_one")
        out[f"{policy}_bound"] = out[f"{policy}_bound"].eq(True)
        out[f"{policy}_text"] = out[f"{policy}_text"].astype(object).where(out[f"{policy}_text"].notna(), "none")
    for name, policy in (("smoothness_buys", "smoothness"), ("tuning_buys", "tuned")):
        clear = ~out["equal_bound"] & ~out[f"{policy}_bound"] & (out[policy] > 0)
        out[name] = np.divide(out["equal"], out[policy].where(clear, np.nan).astype(float))
    return conform(out.assign(rate=reference_rate(cells)), DECOMPOSITION)


def focus(cells: pd.DataFrame) -> tuple[str, float] | None:
    """Choose the setting that headline figures and numbers speak of.

    It is the data set drawn at most separabilities (the first by name on a tie) at the middle one of them (the upper
    middle of an even number). None where every data set is a real one, without a separability.
    """
    drawn = cells[cells["separability"].notna()]
    if drawn.empty:
        return None
    levels = drawn.groupby("dataset", sort=True)["separability"].unique()
    dataset = str(levels.map(len).idxmax())
    values = np.sort(levels[dataset])
    return dataset, float(values[len(values) // 2])


def _by_policy(rows: pd.DataFrame) -> dict[str, dict[str, Any] | None]:
    """Index summary rows by policy as plain dicts; a policy without a pair that tells a ratio is None."""
    rows = rows[rows["starts"] > rows["at_start"]]
    records = [{str(name): value for name, value in record.items()} for record in rows.to_dict("records")]
    found = {record["policy"]: record for record in records}
    return {policy: found.get(policy) for policy in ("equal", "smoothness", "tuned")}


def _spread(rows: pd.DataFrame) -> dict[str, Any] | None:
    """Smallest and largest slowdown of some cells, each as (value, whether it is a lower bound)."""
    rows = rows[(rows["slowdown"] > 0) & rows["slowdown"].notna()]
    if rows.empty:
        return None
    ordered = rows.sort_values(["slowdown", "slowdown_bound"])
    ends = {name: ordered.iloc[place] for name, place in (("lowest", 0), ("highest", -1))}
    return {"cells": len(rows)} | {n: (float(e["slowdown"]), bool(e["slowdown_bound"])) for n, e in ends.items()}


def quoted(cells: pd.DataFrame) -> dict[str, list[dict[str, str | float]]]:
    """Say which rows of `runs` and `curves` the first screen and the figures read, as `store.scan` takes them.

    Those are wrong starts in the headline setting at the common rate and, for the pooled numbers of `answer`, zero
    starts and ordinary starts on real data.

    Parameters
    ----------
    cells
        The table `slowdown`.
    """
    rate = reference_rate(cells)
    dataset, separability = focus(cells) or ("", math.nan)
    wrong: dict[str, str | float] = {"dataset": dataset, "separability": separability, "rate": rate}
    wrong["initialisation"] = "wrong"
    target: dict[str, str | float] = {"target": headline_target(cells)}
    ordinary = cells[(cells["initialisation"] == "normal") & cells["separability"].isna()]
    pools = [target | {"initialisation": "zero"}]
    if len(ordinary):
        scale = float(ordinary["scale"].min())
        pools.append(target | {"initialisation": "normal", "separability": math.nan, "scale": scale})
    return {"runs": [wrong | target, *pools], "curves": [wrong]}


def answer(
    runs: pd.DataFrame,
    cells: pd.DataFrame,
    own_rates: Mapping[str, float],
    *,
    ended: pd.DataFrame | None = None,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> dict[str, Any]:
    """Compute the numbers of the first screen.

    Parameters
    ----------
    runs
        The runs table, or those of its rows that `quoted` names.
    cells
        The table `slowdown` of all runs.
    own_rates
        L_BCE / L_loss of `mse` and `bce`; see `pairs`.
    ended
        The table `ends` of all runs; by default that of `runs`.
    resamples, level
        Bootstrap resamples and confidence level.

    Returns
    -------
    dict
        `target` (see `headline_target`); `rate` (the common rate) and `largest_rate` (the largest tried with MSE);
        `setting` (see `focus`); and what follows. A summary is a dict of the columns that `summarise` returns, or None where
        the study holds no such pair. A spread is {`cells`, `lowest`, `highest`}, the last two
        as (value, whether a lower bound), or None.

        - `zero`: {`equal`, `smoothness`, `tuned`}: summaries of all zero starts, pooled over the data sets, or None;
          `zero_spread` over the cells, equal rates;
        - `wrong`: by ascending scale {`scale`, `equal`, `smoothness`, `tuned`}: wrong starts in the setting;
        - `featured`: index in `wrong` of the largest scale whose `equal` median was reached, else of the largest scale
          with a bound, else None; `wrong_spread`: over all cells at that scale, equal rates;
        - `ordinary`: {`scale`, `equal`, `smoothness`, `tuned`} at the smallest scale of `normal` on real data, pooled,
          or None; `ordinary_spread`: over those cells, equal rates;
        - `edges`: {`zero`, `ordinary`}: in how many of their cells MSE's best rate is the largest tried;
        - `unfinished`: {loss: (runs not finished, runs)} of the evaluation seeds at that target, all rates.
    """
    ended = of_targets(ends(runs) if ended is None else ended)
    target = headline_target(ended)
    chosen = headline(cells)
    chosen = chosen[chosen["target"] == target]
    equal = chosen[chosen["policy"] == "equal"]
    setting = focus(cells)
    wrong = []
    if setting is not None:
        here = chosen[(chosen["dataset"] == setting[0]) & (chosen["separability"] == setting[1])]
        here = here[here["initialisation"] == "wrong"]
        wrong = [{"scale": a, **_by_policy(here[here["scale"] == a])} for a in np.unique(here["scale"]).tolist()]
    usable = [i for i, entry in enumerate(wrong) if entry["equal"] is not None and entry["equal"]["slowdown"] > 0]
    clear = [i for i in usable if not wrong[i]["equal"]["slowdown_bound"]]
    featured = max(clear or usable, default=None)
    at_scale = equal["scale"] == (wrong[featured]["scale"] if featured is not None else math.nan)

    how: dict[str, Any] = {"resamples": resamples, "level": level}
    paired = headline(pairs(runs[runs["target"] == target], own_rates))
    start = paired["initialisation"]
    zero = paired[start == "zero"]
    real = paired[(start == "normal") & paired["separability"].isna()]
    real = real[real["scale"] == real["scale"].min()]
    ordinary = chosen[(chosen["initialisation"] == "normal") & chosen["separability"].isna()]
    ordinary = ordinary[ordinary["scale"] == ordinary["scale"].min()]
    tuned = {"zero": chosen[chosen["initialisation"] == "zero"], "ordinary": ordinary}
    ended = ended[(ended["target"] == target) & ended["loss"].isin(LOSSES)]
    return {
        "target": target,
        "rate": reference_rate(cells),
        "largest_rate": float(cells["rate_mse"].max()),
        "setting": setting,
        "zero": _by_policy(summarise(zero, ["policy"], **how)) if len(zero) else None,
        "zero_spread": _spread(equal[equal["initialisation"] == "zero"]),
        "wrong": wrong,
        "featured": featured,
        "wrong_spread": _spread(equal[(equal["initialisation"] == "wrong") & at_scale]),
        "ordinary": {
            "scale": float(real["scale"].min()),
            **_by_policy(summarise(real, ["policy"], **how)),
        }
        if len(real)
        else None,
        "ordinary_spread": _spread(ordinary[ordinary["policy"] == "equal"]),
        "edges": {
            name: int(at_largest_rate(rows[rows["policy"] == "tuned"], cells).sum()) for name, rows in tuned.items()
        },
        "unfinished": {
            loss: (int(total - reached), int(total))
            for loss, total, reached in zip(ended["loss"], ended["runs"], ended["reached"], strict=True)
        },
    }
