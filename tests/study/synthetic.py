"""A made-up study in the shape of a real one: same columns, plausible numbers, every awkward case on purpose.

Nothing here is measured. BCE takes a few steps more at a larger start; MSE takes 4 times as many at a zero
start and exponentially more at a wrong one, up to a ceiling that the separability sets.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from study import figures, report
from study.statistics.answers import answers, pooled, pooled_starts
from study.statistics.bootstrap import RESAMPLES
from study.statistics.cells import slowdown
from study.statistics.decomposition import decomposition
from study.statistics.ends import arrivals, ends, passages
from study.statistics.headline import choose
from study.statistics.survival import LEVEL

OWN_RATES = {"bce": 1.0, "mse": 0.25 / 0.0770293}
TARGETS = {"accuracy": 1.0, "brier": 4.0, "logloss": 9.0}
SETTINGS = (
    *(("gaussian", s) for s in (1.0, 2.0, 4.0, 8.0)),
    *(("separable", s) for s in (0.1, 0.5)),
    ("breast_cancer", np.nan),
    ("digits <3> & 8", np.nan),
)
PROVENANCE = report.Provenance(
    commit="0123456789abcdef",
    config="seeds: [0, 1]  # <script>alert(1)</script>\n",
    versions={"numpy": "2.4.6"},
    digests={"tables/slowdown.csv": "ab" * 32},
)
LATER = ("flow", "phase", "claims", "minima")
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
    *,
    seeds: int = 6,
    tuning: int = 3,
    rates: tuple[float, ...] = (0.25, 1.0, 4.0),
    budget: int = 5000,
    seed: int = 0,
) -> pd.DataFrame:
    """Runs table: evaluation seeds 0.., then tuning seeds; `smoothness` rates run besides the grid."""
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
                        time = (
                            0.0
                            if at_start
                            else max(1.0, np.ceil(effort * (3 + wrong) * slow * luck.prod() / rate))
                        )
                        diverged = rate == 4.0 and loss == "bce" and block.seed % 5 == 0 and not at_start
                        status = "diverged" if diverged else "reached" if time <= budget else "censored"
                        blocks.append(
                            (
                                *(
                                    run,
                                    start,
                                    block.data,
                                    block.dataset,
                                    block.separability,
                                    block.seed,
                                    block.role,
                                ),
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
        "run", "start", "data", "dataset", "separability", "seed", "role", "initialisation", "scale", "loss",
        "rate", "learning_rate", "max_steps", "traced", "target", "threshold", "status", "step", "steps_run",
    ]  # fmt: skip
    return pd.DataFrame(blocks, columns=columns)


def curves(table: pd.DataFrame) -> pd.DataFrame:
    """Learning curves of the traced runs: the Brier score falls to 0.08 about the time of arrival."""
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


def phase() -> pd.DataFrame:
    """Slowdowns that grow like the law: with the scale up to the separability, like a power beyond."""
    rows = []
    for n in (200, 100_000):
        for separability in (0.5, 1.0, 2.0, 4.0, 6.0, 12.0):
            for a in (0.5, 1.0, 2.0, 4.0, 8.0, 16.0):
                mu = separability / 2
                b = min(a, mu)
                law = 4 * np.exp(b * mu - b * b / 2) * (max(a / mu, 1.0) ** 1.5)
                flow = law * (1.04 if n > 200 else 0.6 if mu > 2 and a > mu else 1.1)
                stepped, bound = (
                    (min(flow, 700.0), flow > 700) if n == 200 and separability <= 6 else (np.nan, False)
                )
                rows.append(
                    {
                        "dataset": "gaussian", "separability": separability, "large": n > 200, "n": n,
                        "scale": a, "target": "brier", "mu": mu, "stepped": stepped,
                        "stepped_low": 0.9 * stepped,
                        "stepped_high": np.inf if bound else 1.1 * stepped, "stepped_bound": bound,
                        "flow": flow, "flow_low": 0.95 * flow, "flow_high": 1.05 * flow, "flow_bound": False,
                        "starts": 30 if n == 200 else 5, "predicted": law,
                        "spread": a / np.sqrt(n), "path_deviation": np.exp(a) / np.sqrt(n),
                        "regime": "small" if a < 1 else "plateau" if a < mu else "ceiling",
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


def flow() -> pd.DataFrame:
    rows = [
        {
            "data": 0, "dataset": "gaussian", "separability": 2.0, "seed": 0, "role": "evaluation",
            "large": False, "n": 200, "initialisation": "wrong", "scale": 2.0, "loss": loss,
            "target": "brier", "threshold": 0.1,
            "status": "reached", "time": time,
        }
        for loss, time in (("mse", 140.0), ("bce", 10.0))
    ]  # fmt: skip
    return pd.DataFrame(rows)


def claims() -> pd.DataFrame:
    rows = []
    for source, letter, count in (("article", "A", 6), ("review", "R", 9), ("neither", "N", 3)):
        for number in range(1, count + 1):
            verdict = ("holds", "fails", "holds in the limit", "left open")[(number + len(rows) // 7) % 4]
            rows.append(
                {
                    "number": len(rows), "claim": f"{letter}{number}", "source": source,
                    "statement": f"Statement <{letter}{number}> of a text, in words & with \u2264 signs.",
                    "formal": "d mse / d z = (p - y) p (1 - p)", "test": "symbolic and numerical",
                    "evidence": f"largest difference {number}e-17 over 1,000 points", "verdict": verdict,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def minima() -> pd.DataFrame:
    rows = [
        ("two_scales", "bce", 0, 0.4, -0.1, np.nan, 0.6612, 3e-14, 0.11, 1e-20, 200),
        ("two_scales", "mse", 0, 7.1, -2.0, np.nan, 0.1243, 1e-15, 0.0021, 1e-20, 131),
        ("two_scales", "mse", 1, -5.2, 1.7, np.nan, 0.1251, 2e-15, 0.0034, 1e-20, 69),
    ]
    columns = [
        *("dataset", "loss", "minimum", "theta_0", "theta_1", "theta_2"),
        *("value", "gradient_norm", "curvature", "radius", "starts"),
    ]
    return pd.DataFrame(rows, columns=columns)


def summaries(runs, resamples=RESAMPLES):
    """Every table that the statistics make of a runs table, and `passages`."""
    cells, ended = slowdown(runs, OWN_RATES, resamples=resamples), ends(runs)
    chosen, starts = choose(cells, ended), pooled_starts(cells)
    pools = [pooled(runs, starts, OWN_RATES, chosen, resamples=resamples, level=LEVEL)] if starts else []
    return {
        "slowdown": cells,
        "headline": chosen.table(),
        "answers": answers(cells, chosen, pools),
        "decomposition": decomposition(cells, chosen),
        "ends": ended,
        "arrivals": arrivals(runs),
        "passages": passages(runs, 40),
    }


def subset(frames, keep):
    """The study reduced to some runs, its summary tables made again."""
    runs = frames["runs"][keep(frames["runs"])]
    curves = frames["curves"][frames["curves"]["run"].isin(runs["run"])]
    return frames | {
        "runs": runs,
        **summaries(runs),
        "curves": curves,
        **({name: frames[name].iloc[:0] for name in LATER} if runs.empty else {}),
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


def pictures(frames):
    """Every figure of a study as SVG, by name."""
    return {name: figures.svg(name, frames) for name in figures.FIGURES}
