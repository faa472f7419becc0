"""A made-up study in the shape of a real one: same columns, plausible numbers, every awkward case on purpose.

Nothing here is measured. BCE takes a few steps more at a larger start; MSE takes 4 times as many at a zero start and
exponentially more at a wrong one, up to a ceiling that the separability sets.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from study import statistics

OWN_RATES = {"bce": 1.0, "mse": 0.25 / 0.0770293}
TARGETS = {"accuracy": 1.0, "brier": 4.0, "logloss": 9.0}
SETTINGS = (
    *(("gaussian", s) for s in (1.0, 2.0, 4.0, 8.0)),
    *(("separable", s) for s in (0.1, 0.5)),
    ("breast_cancer", np.nan),
    ("digits <3> & 8", np.nan),
)
STARTS = (("zero", 0.0), *((kind, a) for kind in ("normal", "wrong", "right") for a in (0.5, 2.0, 8.0)))


def _strength(dataset: str, separability: float) -> float:
    return {"gaussian": separability / 2, "separable": 1 + 4 * separability}.get(dataset, 2.5)


def datasets(seeds: int, tuning: int) -> pd.DataFrame:
    rows = []
    for dataset, separability in SETTINGS:
        for seed in range(seeds + tuning):
            separable = dataset == "separable"
            rows.append(
                {
                    "data": len(rows),
                    "dataset": dataset,
                    "separability": separability,
                    "seed": seed,
                    "role": "tuning" if seed >= seeds else "evaluation",
                    "n": 256,
                    "d": 3,
                    "positives": 128,
                    "fisher": 1.0 + seed / 100,
                    "separable": separable,
                    "bayes_error": 0.1 if dataset == "gaussian" else np.nan,
                    "smoothness": 2.0,
                    "bce_optimum": 0.0 if separable else 0.3,
                    "bce_accuracy": 1.0 if separable else 0.9,
                    "brier_optimum": 0.0 if separable else 0.08,
                    "target_accuracy": 0.89,
                    "target_brier": 0.097,
                    "target_logloss": 0.339,
                }
            )
    return pd.DataFrame(rows)


def runs(
    *, seeds: int = 6, tuning: int = 3, rates: tuple[float, ...] = (0.25, 1.0, 4.0), budget: int = 5000, seed: int = 0
) -> pd.DataFrame:
    """Runs table: evaluation seeds 0.., then tuning seeds; `smoothness` rates are run beside the grid."""
    rng = np.random.default_rng(seed)
    every = sorted({*rates, *OWN_RATES.values()})
    blocks, start, run = [], 0, 0
    for block in datasets(seeds, tuning).itertuples():
        strength = _strength(block.dataset, block.separability)
        for initialisation, a in STARTS:
            luck = rng.lognormal(0, 0.15, 2)
            for loss in ("bce", "mse"):
                for rate in every:
                    if rate not in rates and not np.isclose(rate, OWN_RATES[loss]):
                        continue
                    wrong = a if initialisation == "wrong" else 0.3 * a if initialisation == "normal" else 0.0
                    slow = 4 * np.exp(min(0.7 * wrong * strength, strength**2 / 2)) if loss == "mse" else 1.0
                    for target, effort in TARGETS.items():
                        at_start = initialisation == "right" and a >= 2 and target == "accuracy"
                        time = 0.0 if at_start else max(1.0, np.ceil(effort * (3 + wrong) * slow * luck.prod() / rate))
                        diverged = rate == 4.0 and loss == "bce" and block.seed % 5 == 0 and not at_start
                        status = "diverged" if diverged else "reached" if time <= budget else "censored"
                        blocks.append(
                            (
                                *(run, start, block.data, block.dataset, block.separability, block.seed, block.role),
                                *(
                                    initialisation,
                                    a,
                                    loss,
                                    rate,
                                    2.0 * rate,
                                    budget,
                                    block.seed < 4,
                                    target,
                                    0.1,
                                    status,
                                ),
                                int(time) if status == "reached" else -1,
                                17 if diverged else int(min(time, budget)),
                            )
                        )
                    run += 1
            start += 1
    columns = [
        "run", "start", "data", "dataset", "separability", "seed", "role", "initialisation", "scale", "loss", "rate",
        "learning_rate", "max_steps", "traced", "target", "threshold", "status", "step", "steps_run",
    ]  # fmt: skip
    return pd.DataFrame(blocks, columns=columns)


def curves(table: pd.DataFrame) -> pd.DataFrame:
    """Learning curves of the traced runs: the Brier score falls from its start to 0.08 about the time of arrival."""
    axes = ["run", "dataset", "separability", "seed", "initialisation", "scale", "loss", "rate"]
    traced = table[table["traced"] & (table["role"] == "evaluation") & (table["target"] == "brier")]
    parts = []
    for row in traced.itertuples():
        steps = np.unique(np.geomspace(1, max(row.steps_run, 1), 25).astype(int))
        steps = np.concatenate([[0], steps])
        arrival = row.step if row.status == "reached" else 3 * row.max_steps
        high = {"zero": 0.25, "right": 0.12}.get(row.initialisation, 0.25 + 0.6 * row.scale / (1 + row.scale))
        brier = 0.08 + (high - 0.08) / (1 + (2 * steps / arrival) ** 2)
        part = pd.DataFrame({"step": steps, "brier": brier, "logloss": 3 * brier, "accuracy": 1 - brier})
        parts.append(part.assign(**{axis: getattr(row, axis) for axis in axes}))
    return pd.concat(parts, ignore_index=True)


def subset(frames, keep):
    """The study reduced to some runs, its summary tables made again."""
    runs = frames["runs"][keep(frames["runs"])]
    cells = statistics.slowdown(runs, OWN_RATES)
    curves = frames["curves"][frames["curves"]["run"].isin(runs["run"])]
    return frames | {
        "runs": runs,
        "slowdown": cells,
        "decomposition": statistics.decomposition(cells),
        "curves": curves,
    }


EXTREMES = {
    "one loss": lambda r: r["loss"] == "bce",
    "no real data": lambda r: r["separability"].notna(),
    "real data only": lambda r: r["separability"].isna(),
    "one seed": lambda r: r["seed"] == 0,
    "no tuning seed": lambda r: r["role"] == "evaluation",
    "no wrong start": lambda r: r["initialisation"] != "wrong",
    "only accuracy": lambda r: r["target"] == "accuracy",
    "one scale": lambda r: r["scale"].isin([0.0, 2.0]),
    "nothing": lambda r: r["run"] < 0,
}
