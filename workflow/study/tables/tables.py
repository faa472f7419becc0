"""The schema of every table, and the only code that reads or writes one.

A table is the same bytes on every machine with the same package versions: columns in schema order, fixed types, rows
sorted by the table's key, no index, no metadata. `data_dictionary` renders the schema as `docs/tables.md`.
"""

from __future__ import annotations

import functools
import hashlib
import operator
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Final, Literal, Self

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

Dtype = Literal["int64", "float64", "str", "bool"]

ROW_GROUP = 1 << 17
"""Rows of a row group in a parquet file: small enough to hold a few, large enough to compress well."""


@dataclass(frozen=True)
class Column:
    """One column: its name, type, unit (empty where it has none) and meaning."""

    name: str
    dtype: Dtype
    unit: str
    meaning: str


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes
    ----------
    name
        By which the code calls it.
    path
        Where a run of the study writes it, relative to `results/`, without suffix.
    suffixes
        The forms it is written in.
    row
        What one row stands for.
    key
        Columns that tell rows apart; rows are sorted by them.
    columns
        In the order of the file.
    """

    name: str
    path: str
    suffixes: tuple[str, ...]
    row: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        assert len(set(names)) == len(names), self.name
        assert set(self.key) <= set(names), self.name

    @property
    def dtypes(self) -> dict[str, Dtype]:
        """Type of each column, in the order of the file."""
        return {column.name: column.dtype for column in self.columns}

    def files(self) -> tuple[str, ...]:
        """Paths of its files, relative to `results/`."""
        return tuple(self.path + suffix for suffix in self.suffixes)


_SETTING = (
    Column("dataset", "str", "", "Name of the data set as the config gives it."),
    Column(
        "separability",
        "float64",
        "see data set",
        "How far apart the classes are: d' of `gaussian`, the margin of `separable`; nan for real data.",
    ),
)
_SEED = Column(
    "seed",
    "int64",
    "",
    "Seed of the start and of the data set's draw; of real data and your own, it draws the share of the samples.",
)
_ROLE = Column("role", "str", "", "`evaluation`, or `tuning` where the seed only serves to choose learning rates.")
_START = (
    Column("initialisation", "str", "", "How the first parameters were made: `zero`, `normal`, `wrong` or `right`."),
    Column("scale", "float64", "", "Size a of the first parameters; 0 for `zero`."),
)
_LOSS = Column("loss", "str", "", "Name of the loss that was descended.")
_RATE = Column("rate", "float64", "1/L_BCE", "Learning rate in units of the largest safe rate of BCE on these data.")

_PLANNED = (
    Column("run", "int64", "", "Number of the run, from 0."),
    Column("start", "int64", "", "Number shared by all runs from the same first parameters on the same data."),
    Column("data", "int64", "", "Number of the realised data set, as in `datasets`."),
    *_SETTING,
    _SEED,
    _ROLE,
    *_START,
    _LOSS,
    _RATE,
    Column("learning_rate", "float64", "", "Learning rate as the descent used it (loss MSE carries the factor 1/2)."),
)
_BUDGET = (
    Column("max_steps", "int64", "steps", "Budget: the step at which the run is given up."),
    Column("traced", "bool", "", "Whether the learning curve of the run was recorded."),
)
_TARGET = Column("target", "str", "", "`accuracy`, `brier` or `logloss`: what had to be reached.")


def _of_loss(loss: str) -> tuple[Column, ...]:
    name = loss.upper()
    return (
        Column(f"{loss}_reached", "int64", "runs", f"Runs with {name} that reached the target."),
        Column(f"{loss}_censored", "int64", "runs", f"Runs with {name} whose budget ran out first."),
        Column(f"{loss}_diverged", "int64", "runs", f"Runs with {name} whose parameters became infinite or nan."),
        Column(
            f"{loss}_median", "float64", "steps", f"Kaplan-Meier median of {name}'s first passage; inf: not reached."
        ),
        Column(f"{loss}_median_low", "float64", "steps", "Lower end of its interval; inf: beyond the budget."),
        Column(f"{loss}_median_high", "float64", "steps", "Upper end of its interval; inf: no upper limit known."),
        Column(
            f"{loss}_art", "float64", "steps", "Average running time: all steps spent per success; inf: no success."
        ),
    )


_SLOWDOWN = (
    *_SETTING,
    *_START,
    Column("policy", "str", "", "`equal` rates, each at its own 1/L (`smoothness`), or each at its best (`tuned`)."),
    Column("rate", "float64", "1/L_BCE", "The common rate under `equal`; nan under the other policies."),
    _TARGET,
    Column("rate_mse", "float64", "1/L_BCE", "Rate of the MSE runs."),
    Column("rate_bce", "float64", "1/L_BCE", "Rate of the BCE runs."),
    Column("starts", "int64", "pairs", "Evaluation starts from which both losses were run."),
    Column("at_start", "int64", "pairs", "Starts where the target held at step 0: no ratio, left out of it."),
    Column(
        "bce_missed",
        "int64",
        "pairs",
        "Only BCE missed the target: the ratio is known to be below a value; enters as 0.",
    ),
    Column("both_missed", "int64", "pairs", "Both missed the target: nothing is known; censored at 0."),
    Column("budget", "int64", "steps", "Largest budget among the MSE runs."),
    *_of_loss("mse"),
    *_of_loss("bce"),
    Column("logrank_p", "float64", "", "Log-rank test that both losses arrive alike; nan where no arrival informs it."),
    Column("slowdown", "float64", "ratio", "Kaplan-Meier median of T_MSE / T_BCE over pairs, or a lower bound of it."),
    Column("slowdown_low", "float64", "ratio", "Lower end of its bootstrap interval over starts."),
    Column("slowdown_high", "float64", "ratio", "Upper end of it; inf: the data set no upper limit."),
    Column("slowdown_bound", "bool", "", "Whether `slowdown` is a lower bound because the median was not reached."),
    Column("text", "str", "", "The slowdown as it may be quoted; a bound reads as a bound."),
)

_CELL = ("dataset", "separability", "initialisation", "scale")

_DATASETS = Table(
    "datasets",
    "tables/datasets",
    (".csv", ".parquet"),
    "One realised data set: (dataset, separability, seed).",
    ("data",),
    (
        Column("data", "int64", "", "Number of the realised data set, from 0."),
        *_SETTING,
        _SEED,
        _ROLE,
        Column("n", "int64", "samples", "Number of samples."),
        Column("d", "int64", "columns", "Number of columns, the constant 1 of the bias included."),
        Column("positives", "int64", "samples", "Samples of class 1."),
        Column("fisher", "float64", "", "Fisher separability of the two classes in these samples."),
        Column(
            "separable", "bool", "", "Whether a plane parts the classes without error, decided by a linear program."
        ),
        Column("bayes_error", "float64", "", "Least error of any classifier on the population; nan where unknown."),
        Column("smoothness", "float64", "", "Largest eigenvalue of X'X/n; L of a loss is its constant times this."),
        Column("bce_optimum", "float64", "nats", "Smallest mean log loss of the model on these samples."),
        Column("bce_accuracy", "float64", "", "Training accuracy at the BCE optimum; 1 where separable."),
        Column("brier_optimum", "float64", "", "Smallest mean of (p - y)^2 found; 0 where separable."),
        Column("target_accuracy", "float64", "", "Accuracy to be reached."),
        Column("target_brier", "float64", "", "Brier score to be reached."),
        Column("target_logloss", "float64", "nats", "Log loss to be reached."),
    ),
)

_PLAN = Table(
    "plan",
    "plan",
    (".parquet",),
    "One run to be made.",
    ("shard", "run"),  # a job reads its own row groups alone
    (
        *_PLANNED,
        Column("target_accuracy", "float64", "", "Accuracy to be reached."),
        Column("target_brier", "float64", "", "Brier score to be reached."),
        Column("target_logloss", "float64", "nats", "Log loss to be reached."),
        *_BUDGET,
        Column("shard", "int64", "", "Number of the job that makes the run."),
    ),
)

_RUNS = Table(
    "runs",
    "tables/runs",
    (".parquet",),
    "One run and target, whatever happened.",
    ("run", "target"),
    (
        *_PLANNED,
        *_BUDGET,
        _TARGET,
        Column("threshold", "float64", "see target", "Value at which the target holds."),
        Column("status", "str", "", "`reached`, `censored` (budget ran out) or `diverged` (parameters not finite)."),
        Column("step", "int64", "steps", "First step at which the target held, step 0 included; -1 unless reached."),
        Column("steps_run", "int64", "steps", "Steps the run made until all its targets were decided."),
    ),
)

_CURVES = Table(
    "curves",
    "tables/curves",
    (".parquet",),
    "One recorded step of a traced run.",
    ("run", "step"),
    (
        Column("run", "int64", "", "Number of the run, as in `runs`."),
        *_SETTING,
        _SEED,
        *_START,
        _LOSS,
        _RATE,
        Column("step", "int64", "steps", "Step at which the values held."),
        Column("brier", "float64", "", "Brier score, the mean of (p - y)^2 (without the factor 1/2)."),
        Column("logloss", "float64", "nats", "Mean log loss."),
        Column("accuracy", "float64", "", "Share of samples with margin > 0."),
    ),
)

_SLOWDOWN_TABLE = Table(
    "slowdown",
    "tables/slowdown",
    (".csv", ".parquet"),
    "One cell: the pairs of evaluation runs that share all of the key.",
    (*_CELL, "policy", "rate", "target"),
    _SLOWDOWN,
)

_DECOMPOSITION = Table(
    "decomposition",
    "tables/decomposition",
    (".csv", ".parquet"),
    "One setting and target: what each learning-rate policy leaves of the slowdown.",
    (*_CELL, "target"),
    (
        *_SETTING,
        *_START,
        _TARGET,
        Column("rate", "float64", "1/L_BCE", "The common rate that `equal` stands for: the one nearest to 1."),
        Column("equal", "float64", "ratio", "Slowdown at that common rate; nan where there is none."),
        Column("smoothness", "float64", "ratio", "Slowdown with each loss at its own 1/L."),
        Column("tuned", "float64", "ratio", "Slowdown with each loss at its best rate on the tuning seeds."),
        Column("equal_bound", "bool", "", "Whether `equal` is a lower bound."),
        Column("smoothness_bound", "bool", "", "Whether `smoothness` is a lower bound."),
        Column("tuned_bound", "bool", "", "Whether `tuned` is a lower bound."),
        Column("equal_text", "str", "", "The first as it may be quoted."),
        Column("smoothness_text", "str", "", "The second as it may be quoted."),
        Column("tuned_text", "str", "", "The third as it may be quoted."),
        Column("smoothness_buys", "float64", "ratio", "equal / smoothness; nan where either is a bound."),
        Column("tuning_buys", "float64", "ratio", "equal / tuned; nan where either is a bound."),
    ),
)

_ENDS = Table(
    "ends",
    "tables/ends",
    (".csv", ".parquet"),
    "How the runs of one role and loss ended at one target, all learning rates together.",
    ("role", "loss", "target"),
    (
        _ROLE,
        _LOSS,
        Column("target", "str", "", "As in `runs`; `every` counts each run once, by the worst end among its targets."),
        Column("runs", "int64", "runs", "Number of runs."),
        Column("starts", "int64", "starts", "Number of starts they were made from."),
        Column("reached", "int64", "runs", "Runs that reached the target."),
        Column("censored", "int64", "runs", "Runs whose budget ran out first."),
        Column("diverged", "int64", "runs", "Runs whose parameters became infinite or nan first."),
        Column("budget", "int64", "steps", "Largest budget among them."),
    ),
)

_ARRIVALS = Table(
    "arrivals",
    "tables/arrivals",
    (".csv", ".parquet"),
    "How the runs of one setting, loss, rate and target ended, evaluation seeds only.",
    ("dataset", "separability", "initialisation", "scale", "loss", "rate", "target"),
    (
        *_SETTING,
        *_START,
        _LOSS,
        _RATE,
        _TARGET,
        Column("runs", "int64", "runs", "Number of runs."),
        Column("at_start", "int64", "runs", "Runs whose target held before the first step."),
        Column("reached", "int64", "runs", "Runs that reached the target, those at the start included."),
        Column("censored", "int64", "runs", "Runs whose budget ran out first."),
        Column("diverged", "int64", "runs", "Runs whose parameters became infinite or nan first."),
        Column("budget", "int64", "steps", "Largest budget among them."),
    ),
)

_LARGE = Column(
    "large", "bool", "", "Whether it is one of the large draws of `phase.large_n` samples, or data of the study's own."
)

_FLOW = Table(
    "flow",
    "tables/flow",
    (".parquet",),
    "One gradient flow (data, start, loss) and target, whatever happened.",
    ("data", "initialisation", "scale", "loss", "target"),
    (
        Column(
            "data",
            "int64",
            "",
            "Number of the realised data set, as in `datasets`; the large draws have the next numbers.",
        ),
        *_SETTING,
        _SEED,
        _ROLE,
        _LARGE,
        Column("n", "int64", "samples", "Number of samples."),
        *_START,
        _LOSS,
        _TARGET,
        Column("threshold", "float64", "see target", "Value at which the target holds."),
        Column("status", "str", "", "`reached`, or `censored`: it did not hold up to `time`."),
        Column("time", "float64", "time", "First passage; a step at learning rate eta advances the time by eta."),
    ),
)


def _measured(name: str, how: str) -> tuple[Column, ...]:
    return (
        Column(name, "float64", "ratio", f"Median paired slowdown {how}, or a lower bound of it."),
        Column(f"{name}_low", "float64", "ratio", "Lower end of its bootstrap interval over draws."),
        Column(f"{name}_high", "float64", "ratio", "Upper end of it; inf: the data set no upper limit."),
        Column(f"{name}_bound", "bool", "", f"Whether `{name}` is a lower bound."),
    )


_PHASE = Table(
    "phase",
    "tables/phase",
    (".csv", ".parquet"),
    "One point of the phase diagram: confidently wrong starts of one scale on Gaussian data of one separability.",
    ("dataset", "separability", "large", "scale", "target"),
    (
        *_SETTING,
        _LARGE,
        Column("n", "int64", "samples", "Number of samples."),
        _START[1],
        _TARGET,
        Column("mu", "float64", "", "Half the separability: distance of a class mean from the boundary."),
        *_measured("stepped", "of the sweep at the equal rate nearest to 1/L; nan where it was not stepped"),
        *_measured("flow", "of gradient flow"),
        Column(
            "starts", "int64", "pairs", "Pairs of flows behind `flow`; those at the target from the start left out."
        ),
        Column("predicted", "float64", "ratio", "The population's law; nan where it has none or exceeds float64."),
        Column(
            "spread",
            "float64",
            "ratio",
            "Relative standard error of MSE's gradient at the start in a sample of `n`, by the law; nan where it has none.",
        ),
        Column(
            "strayed",
            "float64",
            "theta",
            "Bound by the law of how far MSE's path in such a sample strays from the straight one on its way to 0.",
        ),
        Column(
            "regime",
            "str",
            "",
            "Where the start lies: `small` logits; `plateau`, exponential in the scale; `ceiling`, a power of it.",
        ),
    ),
)

_MINIMA = Table(
    "minima",
    "tables/minima",
    (".csv", ".parquet"),
    "One local minimum of a loss on a data set made for the purpose; see [claims.md](claims.md).",
    ("dataset", "loss", "minimum"),
    (
        Column("dataset", "str", "", "Name of the made data set: `two_scales` or `two_scales_twice`."),
        _LOSS,
        Column("minimum", "int64", "", "Number of the minimum, from 0, by value."),
        Column("theta_0", "float64", "", "First weight."),
        Column("theta_1", "float64", "", "Second weight, or the bias where there is one weight."),
        Column("theta_2", "float64", "", "Bias where there are two weights, else nan."),
        Column("value", "float64", "", "Mean loss there (MSE with its factor 1/2)."),
        Column("gradient_norm", "float64", "", "Length of the gradient at these parameters, computed in 50 digits."),
        Column("curvature", "float64", "", "Smallest eigenvalue of the Hessian, computed in 50 digits."),
        Column(
            "radius",
            "float64",
            "",
            "Proven by interval arithmetic: within this of each parameter lies exactly one stationary point, a minimum.",
        ),
        Column("starts", "int64", "", "How many descents from a lattice of starts ended there."),
    ),
)

_CLAIMS = Table(
    "claims",
    "tables/claims",
    (".csv", ".parquet"),
    "One claim of the texts under test, or one that neither states; [claims.md](claims.md) explains them.",
    ("number",),
    (
        Column("number", "int64", "", "Number of the claim, from 0: the article's, the review's, then the others."),
        Column("claim", "str", "", "A: the article's, R: the review's, N: stated by neither."),
        Column("source", "str", "", "`article`, `review` or `neither`."),
        Column("statement", "str", "", "The claim in short."),
        Column("formal", "str", "", "What is taken as its precise meaning."),
        Column("test", "str", "", "What would make it true, and how that was looked at."),
        Column("evidence", "str", "", "What was found in this study."),
        Column("verdict", "str", "", "`holds`, `holds in the limit`, `fails` or `left open`."),
    ),
)

_HISTORY = Table(
    "history",
    "tables/history",
    (".csv",),
    "One benchmark of one recorded run.",
    ("benchmark", "order", "file"),
    (
        Column("benchmark", "str", "", "Name of the benchmark."),
        Column("order", "int64", "", "Number of the run, from 0, in order of commit, then of recording."),
        Column("file", "str", "", "File of the run, in its storage."),
        Column("commit", "str", "", "Commit that was measured; a + marks changes that were not committed."),
        Column("committed", "str", "", "When it was committed, UTC."),
        Column("recorded", "str", "", "When it was measured, UTC."),
        Column("machine", "str", "", "CPU model, cores in use, and a digest of the CPU's feature flags."),
        Column("load", "float64", "", "Load average of one minute at the start; nan where unknown."),
        Column("solver", "str", "", "What was timed."),
        Column("group", "str", "", "Benchmarks with the same work to do."),
        Column("rounds", "int64", "", "Rounds of the run."),
        Column("time", "float64", "ns", "Median of the rounds; of one sample, run and step where known."),
        Column("time_low", "float64", "ns", "Lower end of the interval of the median, 95% or more, from the rounds."),
        Column("time_high", "float64", "ns", "Upper end of it."),
        Column(
            "calibrated", "float64", "ratio", "Median of time over the machine's ceiling at that round; nan if unknown."
        ),
        Column("calibrated_low", "float64", "ratio", "Lower end of its interval."),
        Column("calibrated_high", "float64", "ratio", "Upper end of it."),
        Column("level", "float64", "ns", "Median of `time` from one change to the next, on this machine."),
        Column("changed", "bool", "", "Whether a new level starts with this run."),
        Column(
            "calibrated_level", "float64", "ratio", "Median of `calibrated` from one change to the next, all machines."
        ),
        Column("calibrated_changed", "bool", "", "Whether a new level of `calibrated` starts with this run."),
        Column(
            "peer_ratio", "float64", "ratio", "Time over that of `kernels` in the same run and group; nan if unknown."
        ),
    ),
)

_COMPARISON = Table(
    "comparison",
    "comparisons/comparison",
    (".csv",),
    "One benchmark of a comparison of two revisions.",
    ("benchmark",),
    (
        Column("benchmark", "str", "", "File and name of the benchmark."),
        Column("base", "str", "", "Commit of the base; a + marks changes that are not committed."),
        Column("head", "str", "", "Commit of the head."),
        Column("base_seconds", "float64", "s", "Median time of the base, of one sample, run and step where known."),
        Column("head_seconds", "float64", "s", "The same of the head."),
        Column("ratio", "float64", "ratio", "Time of the head over time of the base; drift taken out."),
        Column("ratio_low", "float64", "ratio", "Lower end of its bootstrap interval."),
        Column("ratio_high", "float64", "ratio", "Upper end of it."),
        Column("p", "float64", "", "Mann-Whitney p value, corrected by Holm for the number of benchmarks."),
        Column("verdict", "str", "", "`slower`, `faster`, `no difference larger than` the margin, or `inconclusive`."),
    ),
)

_STUDIES = Table(
    "studies",
    "comparisons/studies",
    (".csv",),
    "One cell, first-passage step or claim that differs between two studies, or that only one of them has.",
    ("kind", "item"),
    (
        Column("kind", "str", "", "`cell` (of `slowdown`), `step` (of `runs`) or `claim`."),
        Column("item", "str", "", "What the row is about: the columns that tell it apart."),
        Column("base", "str", "", "Its value in the base; empty where the base lacks it."),
        Column("head", "str", "", "Its value in the head; empty where the head lacks it."),
        Column("ratio", "float64", "ratio", "Head over base; nan where either is no number."),
    ),
)

_OF_A_STUDY = (
    *(_DATASETS, _RUNS, _CURVES, _SLOWDOWN_TABLE, _DECOMPOSITION, _ENDS, _ARRIVALS),
    *(_FLOW, _PHASE, _MINIMA, _CLAIMS),
)
_OF_COMPARISONS = (_HISTORY, _COMPARISON, _STUDIES)

TABLES = MappingProxyType({table.name: table for table in (_PLAN, *_OF_A_STUDY, *_OF_COMPARISONS)})
"""Every table by name. A new one is one entry in a list above."""

OF_A_STUDY: Final = tuple(table.name for table in _OF_A_STUDY)
"""Names of the tables that a study is made to have; its report is written from them."""


def conform(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Bring a frame into the form of its schema: columns in order, types, rows sorted by the key.

    Parameters
    ----------
    frame
        Any frame with exactly the columns of the table, in any order.
    name
        Key of `TABLES`.

    Returns
    -------
    pandas.DataFrame
        A new frame with index 0, 1, ...; `frame` is left as it is.

    Raises
    ------
    ValueError
        A column is missing or unknown, a value does not fit its type, or two rows share a key.
    """
    table = TABLES[name]
    missing = [column for column in table.dtypes if column not in frame.columns]
    unknown = [str(column) for column in frame.columns if column not in table.dtypes]
    if missing or unknown:
        raise ValueError(f"table {name}: missing columns {missing}, unknown columns {unknown}")
    out = frame[list(table.dtypes)].copy()
    for column, dtype in table.dtypes.items():
        try:
            out[column] = out[column].astype(dtype)
        except (TypeError, ValueError) as error:
            raise ValueError(f"table {name}: column {column} does not fit {dtype}: {error}") from error
    if out.duplicated(list(table.key)).any():
        raise ValueError(f"table {name}: two rows share the key {', '.join(table.key)}")
    return out.sort_values(list(table.key), kind="stable", ignore_index=True)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, and move it into place when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write(frame: pd.DataFrame, name: str, path: str | Path) -> None:
    """Write a table, as CSV or parquet by the suffix of the path; the file appears whole or not at all.

    Parameters
    ----------
    frame
        The rows; see `conform`.
    name
        Key of `TABLES`.
    path
        Ends in `.csv` or `.parquet`. CSV has `nan` and `inf` in words, and numbers in their shortest exact form.

    Raises
    ------
    ValueError
        The frame does not fit the schema, or the suffix is neither of the two.
    """
    path = Path(path)
    if path.suffix == ".parquet":
        write_parts([frame], name, path)
    elif path.suffix == ".csv":
        out = conform(frame, name)
        with replacing(path) as temporary:
            out.to_csv(temporary, index=False, na_rep="nan", lineterminator="\n", encoding="utf-8")
    else:
        raise ValueError(f"table {name}: cannot write {path.name}; allowed are .csv and .parquet")


def write_parts(parts: Iterable[pd.DataFrame], name: str, path: str | Path) -> None:
    """Write a table as parquet, a part at a time: no more than one part is held.

    Parameters
    ----------
    parts
        Frames as for `conform`, in the order of the key. Each is a row group of its own, or several where it is longer
        than `ROW_GROUP`; empty ones leave no trace.
    name
        Key of `TABLES`.
    path
        Ends in `.parquet`. The file appears whole or not at all.

    Raises
    ------
    ValueError
        A part does not fit the schema, or does not come after the one before it.
    """
    with replacing(Path(path)) as temporary, _Rows(name, temporary) as rows:
        for part in parts:
            # Without the metadata, which names library versions, equal rows are equal bytes.
            bare = pa.Table.from_pandas(conform(part, name), schema=_schema(name), preserve_index=False)
            rows.add(bare.replace_schema_metadata(None))
            rows.cut()


def merge(name: str, parts: Iterable[str | Path], path: str | Path) -> None:
    """Merge parquet files of a table into one, in the order of the key, a row group at a time.

    The bytes depend on the rows alone, not on how they were spread over files: row groups have `ROW_GROUP` rows.

    Parameters
    ----------
    name
        Key of `TABLES`; the first column of the table's key must be a whole number.
    parts
        Files that `write_parts` wrote. Their row groups may lie between each other in any way, but none may overlap.
    path
        Ends in `.parquet`. The file appears whole or not at all.

    Raises
    ------
    ValueError
        A file does not fit the schema, or two row groups overlap.
    """
    groups = sorted(group for part in parts for group in _row_groups(name, str(part)))
    opened = functools.lru_cache(_OPEN_FILES)(pq.ParquetFile)
    with replacing(Path(path)) as temporary, _Rows(name, temporary) as rows:
        for _, part, index in groups:
            rows.add(opened(part).read_row_group(index))


_OPEN_FILES = 256  # well below the 1024 that a process may usually have open


def _row_groups(name: str, path: str) -> list[tuple[int, str, int]]:
    """List the row groups of a file as (smallest value of the key's first column, path, index)."""
    metadata = pq.read_metadata(path)
    if not metadata.schema.to_arrow_schema().equals(_schema(name)):
        raise ValueError(f"table {name}: {path} does not fit the schema")
    column = list(TABLES[name].dtypes).index(TABLES[name].key[0])
    groups = (metadata.row_group(index).column(column) for index in range(metadata.num_row_groups))
    return [(group.statistics.min, path, index) for index, group in enumerate(groups)]


class _Rows:
    """Writes a parquet file row group by row group, and sees to it that rows come in the order of the key."""

    def __init__(self, name: str, path: Path) -> None:
        self._table = TABLES[name]
        self._writer = pq.ParquetWriter(path, _schema(name), compression="zstd")
        self._waiting: list[pa.Table] = []
        self._last: tuple[Any, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, traceback: TracebackType | None) -> None:
        if kind is None:
            self.cut()
        self._writer.close()

    def add(self, rows: pa.Table) -> None:
        """Take rows that are in order among themselves; full row groups are written."""
        if rows.num_rows == 0:
            return
        if self._last and self._key(rows, 0) <= self._last:
            raise ValueError(f"table {self._table.name}: parts overlap at {self._key(rows, 0)}")
        self._last = self._key(rows, rows.num_rows - 1)
        self._waiting.append(rows)
        while sum(part.num_rows for part in self._waiting) >= ROW_GROUP:
            held = pa.concat_tables(self._waiting)
            self._write(held.slice(0, ROW_GROUP))
            self._waiting = [held.slice(ROW_GROUP)]

    def cut(self) -> None:
        """End the row group here."""
        held = [part for part in self._waiting if part.num_rows]
        if held:
            self._write(pa.concat_tables(held))
        self._waiting = []

    def _write(self, rows: pa.Table) -> None:
        # In one piece: how rows came in must not show in the pages.
        self._writer.write_table(rows.combine_chunks(), row_group_size=ROW_GROUP)

    def _key(self, rows: pa.Table, index: int) -> tuple[Any, ...]:
        """Key of a row, in a form that sorts as `conform` does: nan last."""
        values = (rows[column][index].as_py() for column in self._table.key)
        return tuple((value is None, 0 if value is None else value) for value in values)


def _schema(name: str) -> pa.Schema:
    """Schema of a table's parquet file; nan is stored as null."""
    return pa.schema([(column, _ARROW[dtype]) for column, dtype in TABLES[name].dtypes.items()])


# Named, since versions of pandas differ in what they make of text.
_ARROW: Mapping[Dtype, pa.DataType] = MappingProxyType(
    {"int64": pa.int64(), "float64": pa.float64(), "str": pa.large_string(), "bool": pa.bool_()}
)


def scan(
    name: str,
    path: str | Path,
    columns: Sequence[str] | None = None,
    where: Sequence[Mapping[str, str | float | bool]] = (),
) -> pd.DataFrame:
    """Read some rows and columns of a parquet table; the rest is never held, and row groups without such rows are skipped.

    Parameters
    ----------
    name
        Key of `TABLES`.
    path
        A file that `write` wrote.
    columns
        Those to read, in this order; all by default.
    where
        Each entry gives values of some columns; rows that match any entry are read (all rows if there is none). nan
        matches nan.

    Returns
    -------
    pandas.DataFrame
        In the order of the file, with the types of the schema.

    Raises
    ------
    ValueError
        The file does not fit the schema.
    """
    data = ds.dataset(path, format="parquet")
    if not data.schema.equals(_schema(name)):
        raise ValueError(f"table {name}: {path} does not fit the schema")
    found = data.to_table(
        columns=None if columns is None else list(columns),
        filter=functools.reduce(operator.or_, map(_matching, where)) if where else None,
        batch_size=ROW_GROUP,
        batch_readahead=1,  # the default holds sixteen
        fragment_readahead=1,
    )
    frame: pd.DataFrame = found.to_pandas()
    return frame.astype({column: TABLES[name].dtypes[column] for column in found.column_names})


def _matching(values: Mapping[str, str | float | bool]) -> Any:
    """Put column values as an Arrow expression."""
    parts = (ds.field(k).is_null() if pd.isna(v) else ds.field(k) == v for k, v in values.items())
    return functools.reduce(operator.and_, parts)


def read(name: str, path: str | Path) -> pd.DataFrame:
    """Read a table that `write` wrote, and check it against its schema.

    Parameters
    ----------
    name
        Key of `TABLES`.
    path
        Ends in `.csv` or `.parquet`.

    Raises
    ------
    ValueError
        The file does not fit the schema, or the suffix is neither of the two.
    """
    path = Path(path)
    if path.suffix == ".parquet":
        return conform(pd.read_parquet(path), name)
    if path.suffix == ".csv":
        # Numbers come as text and are converted by `conform`, exactly in every version of pandas. No word is a gap: a
        # data set may be called "nan" or "NA".
        dtypes = {c: "str" if dtype == "float64" else dtype for c, dtype in TABLES[name].dtypes.items()}
        frame = pd.read_csv(path, dtype=dtypes, keep_default_na=False)
        return conform(frame, name)
    raise ValueError(f"table {name}: cannot read {path.name}; allowed are .csv and .parquet")


def digest(path: str | Path) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def data_dictionary() -> str:
    """Render the schema of every table as the Markdown page `docs/tables.md`."""
    lines = [
        "# Tables",
        "",
        "What a run of the study writes, column by column. This page is generated from `workflow/study/tables/tables.py`",
        "(`python -m study.tables.tables > docs/tables.md`); a test fails when the two drift.",
        "",
        "Rows are sorted by the key. `nan` stands for a value that does not exist, `inf` for one that was not reached.",
        "CSV files carry numbers in their shortest exact form, so CSV and parquet hold the same values.",
        "Intervals are at the confidence of the config, 95% by default.",
    ]
    for table in TABLES.values():
        files = ", ".join(f"`results/{file}`" for file in table.files())
        lines += [
            "",
            f"## {table.name}",
            "",
            f"{table.row} Files: {files}. Key: {', '.join(f'`{k}`' for k in table.key)}.",
            "",
        ]
        lines += ["| column | type | unit | meaning |", "|---|---|---|---|"]
        lines += [f"| `{c.name}` | {c.dtype} | {c.unit} | {c.meaning} |" for c in table.columns]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(data_dictionary(), end="")
