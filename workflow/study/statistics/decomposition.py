"""What each learning-rate policy leaves of the slowdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from study.statistics.pairs import POLICIES, SETTING
from study.statistics.tables import DECOMPOSITION
from study.tables.table import conform

if TYPE_CHECKING:
    from study.statistics.headline import Headline


def decomposition(cells: pd.DataFrame, chosen: Headline) -> pd.DataFrame:
    """Compute the table `decomposition`: how much of the slowdown a better learning rate removes.

    Parameters
    ----------
    cells
        The table `slowdown`.
    chosen
        Its headline cells.

    Returns
    -------
    pandas.DataFrame
        In the schema `DECOMPOSITION`.
    """
    keys = [*SETTING, "target"]
    compared = chosen.side_by_side(cells)
    out = compared[keys].drop_duplicates().reset_index(drop=True)
    for policy in POLICIES:
        side = compared.loc[compared["policy"] == policy, [*keys, "slowdown", "slowdown_bound", "text"]]
        names = {"slowdown": policy, "slowdown_bound": f"{policy}_bound", "text": f"{policy}_text"}
        out = out.merge(side.rename(columns=names), on=keys, how="left", validate="one_to_one")
        out[f"{policy}_bound"] = out[f"{policy}_bound"].eq(True)
        out[f"{policy}_text"] = (
            out[f"{policy}_text"].astype(object).where(out[f"{policy}_text"].notna(), "none")
        )
    for name, policy in (("smoothness_buys", "smoothness"), ("tuning_buys", "tuned")):
        clear = ~out["equal_bound"] & ~out[f"{policy}_bound"] & (out[policy] > 0)
        out[name] = np.divide(out["equal"], out[policy].where(clear, np.nan).astype(float))
    return conform(out.assign(rate=chosen.rate), DECOMPOSITION)
