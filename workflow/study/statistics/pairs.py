"""From runs to pairs: both losses from the same start, under each learning-rate policy.

Frames in, frames out; no files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from study.runs.plan import WITHOUT_HALF
from study.statistics.ratios import ratios
from study.statistics.tuning import FOLDS, choices

SETTING: Final = ("dataset", "separability", "initialisation", "scale")
CELL: Final = (*SETTING, "policy", "rate", "target")
LOSSES: Final = ("mse", "bce")

EQUAL: Final = ("equal", "equal_no_half")
"""Policies under which both losses have the same learning rate r, MSE with its half and without."""

POLICIES: Final = (*EQUAL, "smoothness", "tuned")
"""Learning-rate policies under which the losses are compared."""


def with_times(runs: pd.DataFrame) -> pd.DataFrame:
    """Add to each row of the two losses its `time`, whether it is `observed` and the steps it has `spent`."""
    rows = runs[runs["loss"].isin(LOSSES)].copy()
    rows["observed"] = rows["status"] == "reached"
    # A diverged run never reaches the target: it counts as running until the end of the budget.
    rows["time"] = rows["step"].where(rows["observed"], rows["max_steps"]).astype(np.float64)
    rows["spent"] = rows["step"].where(rows["observed"], rows["steps_run"]).astype(np.float64)
    return rows


def pairs(runs: pd.DataFrame, stable_rates: Mapping[str, float], *, folds: int = FOLDS) -> pd.DataFrame:
    """Put the two losses' runs from the same start side by side, once for every learning-rate policy.

    Parameters
    ----------
    runs
        The runs table. Rows of losses other than `mse` and `bce` are left out.
    stable_rates
        L_BCE / L_loss of `mse` and `bce`: the rate of each under the policy `smoothness`.
    folds
        Folds of the choice of the best rates; see `study.statistics.tuning`.

    Returns
    -------
    pandas.DataFrame
        One row per start, target, policy and (under the policies `EQUAL`) shared rate. Columns: those of the
        cell, `start`, `rate_*`, `status_*`, `time_*`, `observed_*`, `spent_*` and `max_steps_*` of both
        losses, those of `study.statistics.ratios.Ratios`, and

        - `missed`: `none`, `mse`, `bce` or `both`;
        - `choice`: the `study.statistics.tuning.Choice` behind a tuned pair, else None.
    """
    columns = [*SETTING, "start", "target", "rate", "status", "time", "observed", "spent", "max_steps"]
    rows = with_times(runs)
    sides = {loss: rows.loc[rows["loss"] == loss, columns] for loss in LOSSES}
    at_own = {
        loss: side[np.isclose(side["rate"], stable_rates[loss], rtol=1e-9, atol=0)]
        for loss, side in sides.items()
    }
    out = pd.concat(
        [
            _at_equal_rates("equal", sides, {}),
            _at_equal_rates("equal_no_half", sides, WITHOUT_HALF),
            _side_by_side(at_own, _SHARED).assign(policy="smoothness", rate=np.nan, choice=None),
            _tuned(rows, sides, folds),
        ],
        ignore_index=True,
    )
    return with_ratio(out).sort_values([*CELL, "start"], kind="stable", ignore_index=True)


_SHARED: Final = (*SETTING, "start", "target")


def _side_by_side(sides: Mapping[str, pd.DataFrame], shared: Sequence[str]) -> pd.DataFrame:
    """Join the rows of the two losses that agree in some columns."""
    left, right = (sides[loss] for loss in LOSSES)
    return left.merge(right, on=list(shared), suffixes=("_mse", "_bce"), validate="one_to_one")


def _at_equal_rates(
    policy: str, sides: Mapping[str, pd.DataFrame], factors: Mapping[str, float]
) -> pd.DataFrame:
    """Pair the runs at a common rate r, each loss at r times its factor (1 unless given)."""
    common = {loss: side.assign(common=side["rate"] / factors.get(loss, 1.0)) for loss, side in sides.items()}
    both = _side_by_side(common, [*_SHARED, "common"])
    return both.rename(columns={"common": "rate"}).assign(policy=policy, choice=None)


def _tuned(rows: pd.DataFrame, sides: Mapping[str, pd.DataFrame], folds: int) -> pd.DataFrame:
    """Pair the runs at the rates that the other folds choose."""
    chosen = [
        pd.DataFrame(
            {
                "start": choice.starts,
                "target": choice.target,
                **{f"rate_{loss}": choice.rates(loss) for loss in LOSSES},
                "choice": [choice] * choice.size,
            }
        )
        for choice in choices(rows, folds)
    ]
    names = ["start", "target", *(f"rate_{loss}" for loss in LOSSES), "choice"]
    rates = pd.concat(chosen, ignore_index=True) if chosen else pd.DataFrame(columns=names)
    rates = rates.astype(
        {"start": np.int64, "target": rows["target"].dtype, "rate_mse": float, "rate_bce": float}
    )
    at_best = {
        loss: side.merge(
            rates[["start", "target", f"rate_{loss}"]].rename(columns={f"rate_{loss}": "rate"}),
            on=["start", "target", "rate"],
        )
        for loss, side in sides.items()
    }
    both = _side_by_side(at_best, _SHARED).merge(rates[["start", "target", "choice"]], on=["start", "target"])
    return both.assign(policy="tuned", rate=np.nan)


def with_ratio(both: pd.DataFrame) -> pd.DataFrame:
    """Add the columns of `Ratios`, and `missed`, to pairs with `time_*` and `observed_*` of both losses."""
    mse_in, bce_in = both["observed_mse"].to_numpy(bool), both["observed_bce"].to_numpy(bool)
    found = ratios(both["time_mse"].to_numpy(float), mse_in, both["time_bce"].to_numpy(float), bce_in)
    missed = np.select([mse_in & bce_in, bce_in, mse_in], ["none", "mse", "bce"], "both")
    return both.assign(missed=missed.astype(object), **found._asdict())
