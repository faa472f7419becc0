"""A made-up study in the shape of a real one: same columns, plausible numbers, every awkward case on purpose.

Nothing here is measured. BCE takes a few steps more at a larger start; MSE takes 4 times as many at a zero
start and exponentially more at a wrong one, up to a ceiling that the separability sets.
"""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest
from study import figures, report, wording
from study.config.model import load
from study.experiments.demonstrations import DEMONSTRATIONS
from study.experiments.runs import compare as compare_experiments
from study.experiments.tables import EXPERIMENT_DATA, EXPERIMENT_RUNS
from study.methods.compare import compare
from study.methods.tables import METHOD_RUNS
from study.sensitivity.tables import PERTURBATION
from study.statistics.answers import answers, pooled, pooled_starts
from study.statistics.cells import slowdown
from study.statistics.decomposition import decomposition
from study.statistics.ends import arrival_steps, arrivals, ends
from study.statistics.headline import choose, confident
from study.statistics.survival import LEVEL
from study.statistics.tuning import FOLDS
from study.tables.table import conform

RESAMPLES = 199  # a fifth of those of a study, which would be most of the time of many tests
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
VERDICTS = ("holds", "fails", "holds in the limit", "left open", "holds in part")
LATER = (
    *("flow", "phase", "claims", "minima", "sensitivity", "perturbation"),
    *("method_runs", "comparisons", "compared", "reached"),
    *("experiment_data", "experiment_runs", "experiments", "experiment_cells", "experiment_ends"),
    "demonstrations",
)
STARTS = (
    ("zero", 0.0),
    *((kind, a) for kind in ("normal", "wrong", "right") for a in (0.5, 2.0, 8.0)),
    *(("sure_wrong", 0.9), ("sure_wrong", 0.999), ("sure_right", 0.9)),
)


def _strength(dataset: str, separability: float) -> float:
    return {"gaussian": separability / 2, "separable": 1 + 4 * separability}.get(dataset, 2.5)


def datasets(seeds: int = 8) -> pd.DataFrame:
    rows = []
    for dataset, separability in SETTINGS:
        for seed in range(seeds):
            separable = dataset == "separable"
            bce = (1.0, 0.0, 0.0) if separable else (0.9, 0.085, 0.3)
            mse = (1.0, 0.0, 0.0) if separable else (0.9, 0.08, 0.31)
            scores = {"bce": bce, "mse": mse, "base": (0.5, 0.25, 0.693), "target": (0.86, 0.1015, 0.3483)}
            rows.append(
                {
                    "data": len(rows), "dataset": dataset, "separability": separability, "seed": seed,
                    "n": 256, "d": 3, "positives": 128, "fisher": 1.0 + seed / 100, "separable": separable,
                    "bayes_error": 0.1 if dataset == "gaussian" else np.nan,
                    "smoothness": 2.0, "median_margin": _strength(dataset, separability),
                    **{
                        f"{name}_{score}": value
                        for name, values in scores.items()
                        for score, value in zip(TARGETS, values, strict=True)
                    },
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def _wrong(initialisation: str, a: float) -> float:
    """How far from the right answer a start is, in the units of the effort to come back."""
    sure = np.log(a / (1 - a)) if initialisation == "sure_wrong" else 0.0
    return {"wrong": a, "normal": 0.3 * a, "sure_wrong": sure}.get(initialisation, 0.0)


def rates_of(loss: str, rates: tuple[float, ...]) -> list[float]:
    """Rates of the config, its own, and for MSE their doubles, as if it had no factor 1/2."""
    return sorted({*rates, OWN_RATES[loss], *(2 * rate for rate in rates if loss == "mse")})


def runs(
    *, seeds: int = 8, rates: tuple[float, ...] = (0.25, 1.0, 4.0), budget: int = 5000, seed: int = 0
) -> pd.DataFrame:
    """Runs table."""
    rng = np.random.default_rng(seed)
    blocks, start, run = [], 0, 0
    for block in datasets(seeds).itertuples():
        strength = _strength(block.dataset, block.separability)
        for initialisation, a in STARTS:
            luck = rng.lognormal(0, 0.15, 2)
            for loss in ("bce", "mse"):
                for rate in rates_of(loss, rates):
                    wrong = _wrong(initialisation, a)
                    slow = 4 * np.exp(min(0.7 * wrong * strength, strength**2 / 2)) if loss == "mse" else 1.0
                    for target, effort in TARGETS.items():
                        at_start = initialisation == "right" and a >= 2 and target == "accuracy"
                        needed = max(1.0, np.ceil(effort * (3 + wrong) * slow * luck.prod() / rate))
                        time = 0.0 if at_start else needed
                        diverged = rate == 4.0 and loss == "bce" and block.seed % 5 == 0 and not at_start
                        status = "diverged" if diverged else "reached" if time <= budget else "censored"
                        blocks.append(
                            (
                                run, start, block.data, block.dataset, block.separability, block.seed,
                                initialisation, a, loss, rate, 2.0 * rate, budget, block.seed < 4,
                                target, 0.1, status, int(time) if status == "reached" else -1,
                                17 if diverged else int(min(time, budget)),
                            )
                        )  # fmt: skip
                    run += 1
            start += 1
    columns = [
        "run", "start", "data", "dataset", "separability", "seed", "initialisation", "scale", "loss",
        "rate", "learning_rate", "max_steps", "traced", "target", "threshold", "status", "step", "steps_run",
    ]  # fmt: skip
    return pd.DataFrame(blocks, columns=columns)


def curves(table: pd.DataFrame) -> pd.DataFrame:
    """Learning curves of the traced runs: the Brier score falls to 0.08 about the time of arrival."""
    axes = ["run", "dataset", "separability", "seed", "initialisation", "scale", "loss", "rate"]
    traced = table[table["traced"] & (table["target"] == "brier")]
    steps, briers = [], []
    for row in traced.itertuples():
        marks = np.unique(np.geomspace(1, max(row.steps_run, 1), 25).astype(int))
        steps.append(np.concatenate([[0], marks]))
        arrival = row.step if row.status == "reached" else 3 * row.max_steps
        high = {"zero": 0.25, "right": 0.12}.get(row.initialisation, 0.25 + 0.6 * row.scale / (1 + row.scale))
        briers.append(0.08 + (high - 0.08) / (1 + (2 * steps[-1] / arrival) ** 2))
    brier = np.concatenate(briers)
    points = {"step": np.concatenate(steps), "brier": brier, "logloss": 3 * brier, "accuracy": 1 - brier}
    rows = traced[axes].iloc[np.repeat(np.arange(len(traced)), [len(part) for part in steps])]
    return pd.DataFrame(points).join(rows.reset_index(drop=True))


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
            "data": 0, "dataset": "gaussian", "separability": 2.0, "seed": 0, "large": False, "n": 200,
            "initialisation": "wrong", "scale": 2.0, "loss": loss, "target": "brier", "threshold": 0.1,
            "status": "reached", "time": time,
        }
        for loss, time in (("mse", 140.0), ("bce", 10.0))
    ]  # fmt: skip
    return pd.DataFrame(rows)


def claims() -> pd.DataFrame:
    rows = []
    for source, letter, count in (("article", "A", 8), ("review", "R", 11), ("neither", "N", 3)):
        for number in range(1, count + 1):
            verdict = VERDICTS[(number + len(rows) // 7) % 5]
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


CHANGES = (
    ("nothing", "as on the first screen", "brier", 0.1, "equal", 1.0),
    ("target", "accuracy", "accuracy", 0.1, "equal", 1.0),
    ("threshold", "a hundredth of the way", "brier", 0.01, "equal", 1.0),
    ("rate", "0.125/L for both losses", "brier", 0.1, "equal", 0.125),
    ("rate", "8/L for both losses", "brier", 0.1, "equal", 8.0),
    ("convention", "MSE without its factor 1/2", "brier", 0.1, "equal_no_half", 1.0),
    ("policy", "each loss at its best rate", "brier", 0.1, "tuned", np.nan),
)


def sensitivity() -> pd.DataFrame:
    """Slowdowns that halve from choice to choice; the start that is wrong has a bound and one not known."""
    rows = []
    for start, scale, base in (("zero", 0.0, 6.5), ("normal", 0.5, 7.0), ("sure_wrong", 0.999, 700.0)):
        for number, (changed, choice, target, share, policy, rate) in enumerate(CHANGES):
            value, bound = base / 2**number, start == "sure_wrong" and number == 2
            value = np.nan if start == "sure_wrong" and number == 1 else value
            rows.append(
                {
                    "initialisation": start, "scale": scale,
                    "data": "real data" if start == "normal" else "all data sets",
                    "changed": changed, "choice": choice, "target": target, "share": share,
                    "policy": policy, "rate": rate, "starts": 64, "at_start": 64 if np.isnan(value) else 0,
                    "slower": 50, "faster": 3, "mse_median": 10 * base, "bce_median": 10.0, "slowdown": value,
                    "slowdown_low": 0.8 * value, "slowdown_high": np.inf if bound else 1.2 * value,
                    "slowdown_bound": bound, "text": wording.ratio(value, value, value, bound=bound),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def perturbation() -> pd.DataFrame:
    """A number of the first screen that does not move, and a chaotic cell."""
    names = list(PERTURBATION.dtypes)
    zero = ("zero", 0.0, "all data sets", "", np.nan)
    cell = ("normal", 0.5, "one setting", "gaussian", 2.0)
    same, printed, none = ("10", "10", True), ("6.5x", "6.5x", True), (np.nan, np.nan)
    rows = [
        ("equal", *zero, "both", np.nan, "brier", 64, 0, 0, 1.0, False, *none, 6.5, 6.5, *printed, np.nan),
        ("equal", *zero, "bce", 1.0, "brier", 64, 0, 0, 1.0, False, 10.0, 10.0, *none, *same, 0.0),
        ("equal", *zero, "mse", 1.0, "brier", 64, 1, 0, 1.02, False, 10.0, 10.0, *none, *same, 0.0),
        ("none", *cell, "mse", 64.0, "brier", 8, 4, 3, np.inf, True, 9.0, 80.0, *none, "9", "80", False, 0.4),
    ]
    return pd.DataFrame(rows, columns=names)


METHODS = load(
    {
        "methods": [
            {"name": "mse", "loss": "mse"},
            {"name": "bce", "loss": "bce"},
            {"name": "mse_adam", "loss": "mse", "optimiser": "adam"},
            {"name": "bce_adam", "loss": "bce", "optimiser": "adam"},
        ],
        "comparisons": [["mse", "bce"], ["mse_adam", "bce_adam"]],
        "method_runs": {"learning_rates": [0.25, 1.0, 4.0], "lengths": [0.01, 0.1]},
        "statistics": {"resamples": 199},
    }
)


def method_runs() -> pd.DataFrame:
    """Runs of plain descent, and of an Adam with which MSE takes three quarters of BCE's steps."""
    rows = runs(seeds=4)
    rows = rows[rows["initialisation"].isin(["zero", "sure_wrong"]) & rows["rate"].isin([0.25, 1.0, 4.0])]
    rows = rows.assign(method=rows["loss"], optimiser="gd", batch_size=0, scale_free=False)
    adam = rows[rows["rate"] < 4.0].assign(
        method=rows["loss"] + "_adam",
        optimiser="adam(0.9, 0.999, 1e-08)",
        scale_free=True,
        rate=lambda part: part["rate"].map({0.25: 0.01, 1.0: 0.1}),
        status="reached",
        step=lambda part: 12 * (1 + part["seed"]) - 3 * (1 + part["seed"]) * (part["loss"] == "mse"),
    )
    both = pd.concat([rows, adam], ignore_index=True)
    scores = {
        "test_accuracy": 0.9 - 0.01 * (both["loss"] == "mse"),
        "test_brier": 0.1 + 0.002 * both["data"],
        "test_logloss": 0.3 + 0.02 * (both["loss"] == "mse"),
    }
    return both.assign(passes=both["steps_run"].astype(float), **scores)[list(METHOD_RUNS.dtypes)]


def comparisons() -> pd.DataFrame:
    return compare(METHODS, conform(method_runs(), METHOD_RUNS))["comparisons"]


def compared() -> pd.DataFrame:
    return compare(METHODS, conform(method_runs(), METHOD_RUNS))["compared"]


def reached() -> pd.DataFrame:
    return compare(METHODS, conform(method_runs(), METHOD_RUNS))["reached"]


EXPERIMENTS = load(
    {
        "seeds": 4,
        "remedies": {
            "methods": [
                {"name": "mse", "loss": "mse"},
                {"name": "bce", "loss": "bce"},
                {"name": "offset", "loss": "mse_offset(0.1)"},
                {"name": "adam", "loss": "mse", "optimiser": "adam"},
            ],
            "comparisons": [
                ["mse", "bce"],
                *([name, to] for name in ("offset", "adam") for to in ("mse", "bce")),
            ],
            "seeds": 4,
            "flipped": [0.0, 0.3],
        },
        "networks": {
            "methods": [
                {"name": "mse_tanh4", "loss": "mse", "model": "tanh(4)"},
                {"name": "bce_tanh4", "loss": "bce", "model": "tanh(4)"},
            ],
            "comparisons": [["mse_tanh4", "bce_tanh4"]],
            "seeds": 4,
        },
        "statistics": {"resamples": 199},
    }
)


@functools.cache
def _experiments() -> dict[str, pd.DataFrame]:
    """Remedies made from plain runs, an offset in half of MSE's steps, Adam in three times; and networks."""
    rows = method_runs()
    rows = rows[(rows["optimiser"] == "gd") & (rows["rate"] == 1.0)]
    rows = rows.assign(
        initialisation=rows["initialisation"].replace("zero", "normal"),
        scale=rows["scale"].replace(0.0, 0.5),
    )
    parts = []
    for name, loss, times in (("mse", "mse", 1), ("bce", "bce", 1), ("offset", "mse", 2), ("adam", "mse", 3)):
        part = rows[rows["loss"] == loss]
        step = np.where(
            part["step"] > 0,
            part["step"] // times if name == "offset" else part["step"] * times,
            part["step"],
        )
        parts.append(part.assign(method=name, step=step, scale_free=name == "adam"))
    remedies = pd.concat(
        [part.assign(experiment="remedies", flipped=share) for part in parts for share in (0.0, 0.3)]
    )
    start = {"normal": "glorot", "sure_wrong": "saturated"}
    networks = pd.concat(parts[:2]).assign(
        experiment="networks", flipped=0.0, initialisation=lambda part: part["initialisation"].map(start)
    )
    networks["method"] += "_tanh4"
    whole = conform(pd.concat([remedies, networks])[list(EXPERIMENT_RUNS.dtypes)], EXPERIMENT_RUNS)
    return {"experiment_runs": whole, **compare_experiments(EXPERIMENTS, whole)}


def experiment_runs() -> pd.DataFrame:
    return _experiments()["experiment_runs"]


def experiments() -> pd.DataFrame:
    return _experiments()["experiments"]


def experiment_cells() -> pd.DataFrame:
    return _experiments()["experiment_cells"]


def experiment_ends() -> pd.DataFrame:
    return _experiments()["experiment_ends"]


def experiment_data() -> pd.DataFrame:
    rows = datasets().head(3).assign(experiment="networks", flipped=0.0, model="tanh(4)", smoothness=np.nan)
    return rows[list(EXPERIMENT_DATA.dtypes)]


def demonstrations() -> pd.DataFrame:
    rows = [
        {
            "demonstration": name,
            "place": 10 * i + j,
            "quantity": f"what <{j}>",
            "published": published,
            "ours": 0.1234,
            "verdict": "reproduced",
        }
        for i, name in enumerate(DEMONSTRATIONS)
        for j, published in enumerate((0.12, np.nan))
    ]
    return pd.DataFrame(rows)


def summaries(runs, resamples=RESAMPLES):
    """Every table that the statistics make of a runs table, and `arrival_steps`."""
    cells, ended = slowdown(runs, OWN_RATES, resamples=resamples), ends(runs, OWN_RATES)
    chosen, starts = choose(cells, ended), pooled_starts(cells)
    how = {"folds": FOLDS, "resamples": resamples, "level": LEVEL}
    pools = [pooled(runs, starts, OWN_RATES, chosen, **how)] if starts else []
    chosen = confident(chosen, pd.concat(pools)) if pools else chosen
    return {
        "slowdown": cells,
        "headline": chosen.table(),
        "answers": answers(cells, chosen, pools),
        "decomposition": decomposition(cells, chosen),
        "ends": ended,
        "arrivals": arrivals(runs),
        "arrival_steps": arrival_steps(runs, 40),
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
    "two seeds": lambda r: r["seed"] < 2,
    "no wrong start": lambda r: r["initialisation"] != "wrong",
    "only accuracy": lambda r: r["target"] == "accuracy",
    "one scale": lambda r: r["scale"].isin([0.0, 2.0]),
    "nothing": lambda r: r["run"] < 0,
}

TRIED = [
    name if name in {"one loss", "nothing"} else pytest.param(name, marks=pytest.mark.slow)
    for name in EXTREMES
]
"""The extreme studies, for tests that make much of each: most are tried by the slow tests only."""


def pictures(frames):
    """Every figure of a study as SVG, by name."""
    return {name: figures.svg(name, frames) for name in figures.FIGURES}
