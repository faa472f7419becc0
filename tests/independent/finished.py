"""The files of a finished study, read with nothing of the project."""

from __future__ import annotations

import json
import re
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pairing import Setting, lay_out
from scipy import optimize

Array = npt.NDArray[np.float64]


def curvatures() -> dict[str, float]:
    """Largest second derivative of each loss in the logit, by maximising it.

    With w the probability of the wrong class: BCE w (1 - w), half the squared error w^2 (1 - w) (2 - 3 w).
    """
    bent = {"bce": lambda w: w * (1 - w), "mse": lambda w: w * w * (1 - w) * (2 - 3 * w)}
    options = {"method": "bounded", "bounds": (0.0, 0.6), "options": {"xatol": 1e-12}}
    return {loss: -optimize.minimize_scalar(lambda w, f=f: -f(w), **options).fun for loss, f in bent.items()}


class Finished:
    """A finished study.

    Parameters
    ----------
    folder
        Its folder `results`.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.summary: dict[str, Any] = json.loads(self._text("summary.json"))
        self.config: dict[str, Any] = json.loads(self._text("manifest.json"))["config"]
        self.page = re.sub(r"\\(.)", r"\1", self._text("report.md"))  # without the escapes of Markdown
        self.own_rate = {loss: curvatures()["bce"] / most for loss, most in curvatures().items()}

    def _text(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")

    def table(self, name: str) -> pd.DataFrame:
        """Read a table by name."""
        return pd.read_parquet(self.folder / "tables" / f"{name}.parquet")

    @cached_property
    def runs(self) -> pd.DataFrame:
        """The table of runs."""
        return self.table("runs")

    @cached_property
    def datasets(self) -> pd.DataFrame:
        """The table of data sets."""
        return self.table("datasets").set_index("data")

    @cached_property
    def settings(self) -> dict[tuple[Any, ...], Setting]:
        """Runs by (data set, separability or None, initialisation, scale, target)."""
        return lay_out(self.runs)

    @cached_property
    def _arrays(self) -> Any:
        return np.load(self.folder / "data" / "arrays.npz")

    def array(self, data: int, name: str) -> Array:
        """Read an array of a data set: `features`, `labels`, `direction` or `median_margin`."""
        return np.asarray(self._arrays[f"{data}/{name}"], dtype=np.float64)

    def signed(self, data: int) -> Array:
        """Rows of features, each times +1 or -1 by its class: times theta they are the margins."""
        return self.array(data, "features") * (2 * self.array(data, "labels") - 1)[:, np.newaxis]

    @cached_property
    def target(self) -> str:
        """The target of the first screen: the Brier score, where there is one."""
        names = sorted(self.runs["target"].unique())
        return "brier" if "brier" in names else names[0]

    @cached_property
    def rate(self) -> float:
        """The common rate of the first screen: the one nearest to 1, of two the smaller."""
        shared = sorted(set.intersection(*(set(of["rate"]) for _, of in self.runs.groupby("loss"))))
        return min(shared, key=lambda rate: (round(abs(np.log2(rate)), 9), rate))

    @property
    def folds(self) -> int:
        """Folds of the choice of the best rates."""
        return int(self.config["statistics"]["folds"])
