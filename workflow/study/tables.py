"""The schema of every table, and the only code that reads or writes one.

A table is the same bytes on every machine with the same package versions: columns in schema order, fixed types, rows
sorted by the table's key, no index, no metadata. `data_dictionary` renders the schema as `docs/tables.md`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

Dtype = Literal["int64", "float64", "str", "bool"]


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
_SEED = Column("seed", "int64", "", "Seed of the data set's draw (for real data, of the initialisation only).")
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
    ("run",),
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

TABLES = MappingProxyType(
    {table.name: table for table in (_DATASETS, _PLAN, _RUNS, _CURVES, _SLOWDOWN_TABLE, _DECOMPOSITION)}
)
"""Every table by name. A new one is one entry here."""


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
    out = conform(frame, name)
    with replacing(path) as temporary:
        if path.suffix == ".parquet":
            # Without the metadata, which names library versions, equal rows are equal bytes.
            bare = pa.Table.from_pandas(out, preserve_index=False).replace_schema_metadata(None)
            pq.write_table(bare, temporary, compression="zstd")
        elif path.suffix == ".csv":
            out.to_csv(temporary, index=False, na_rep="nan", lineterminator="\n", encoding="utf-8")
        else:
            raise ValueError(f"table {name}: cannot write {path.name}; allowed are .csv and .parquet")


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
        "What a run of the study writes, column by column. This page is generated from `workflow/study/tables.py`",
        "(`python -m study.tables > docs/tables.md`); a test fails when the two drift.",
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
