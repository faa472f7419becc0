"""Bad configs, extreme configs and kinds of damage that `abuse.py` and the tests try on the study."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

Files = dict[str, Callable[[Path], object]]


@dataclass(frozen=True)
class Bad:
    """A config that must be refused in a line or two."""

    config: dict[str, Any] | str  # text is given to --config as it is
    says: tuple[str, ...]  # key, value and what is allowed, as they must be in the message
    files: Files = field(default_factory=dict)


@dataclass(frozen=True)
class Extreme:
    """A legal config that must give correct tables and a report that says what happened."""

    config: dict[str, Any]
    says: tuple[str, ...] = ()  # words of the page
    files: Files = field(default_factory=dict)
    ends: frozenset[str] = frozenset({"reached", "censored", "diverged"})  # the only statuses there may be


def text(content: str) -> Callable[[Path], object]:
    """Writer of a text file."""
    return lambda path: path.write_text(content, encoding="utf-8")


def _mine(**options: Any) -> dict[str, Any]:
    return {"datasets": [{"name": "mine", "file": "mine.csv"} | options]}


def _data(**options: Any) -> dict[str, Any]:
    return {"datasets": [{"name": "gaussian"} | options]}


def _start(**options: Any) -> dict[str, Any]:
    return {"initialisations": [options]}


GOOD_CSV = "x,z,label\n" + "".join(
    f"{i / 7 - 1:.3f},{(i * 37 % 11) / 5:.3f},{int(i * 13 % 10 > 4)}\n" for i in range(20)
)
_ROWS = GOOD_CSV.splitlines()


def _csv(change: Callable[[list[str]], list[str]]) -> Files:
    return {"mine.csv": text("\n".join(change(list(_ROWS))) + "\n")}


BAD: dict[str, Bad] = {
    "unknown key": Bad({"max_step": 5}, ("max_step:", "unknown key", "max_steps")),
    "unknown key in a section": Bad({"curves": {"seed": 3}}, ("curves.seed", "unknown key", "seeds")),
    "unknown option of a data set": Bad(
        _data(noise=0.1), ("datasets[0].noise", "unknown key", "label_noise")
    ),
    "text for a number": Bad({"max_steps": "many"}, ("max_steps", "'many'", "1 to 1000000000")),
    "a fraction for a whole number": Bad({"max_steps": 2.5}, ("max_steps", "2.5", "whole number")),
    "true for a number": Bad({"seed": True}, ("seed", "True", "whole number")),
    "null for a number": Bad({"seed": None}, ("seed", "None", "whole number")),
    "a number for a list": Bad({"learning_rates": 1}, ("learning_rates", "1", "list")),
    "a list for a mapping": Bad({"curves": [1, 2]}, ("curves", "[1, 2]", "points")),
    "text for a mapping": Bad({"curves": "all"}, ("curves", "'all'", "points")),
    "a number without its point": Bad("learning_rates=[1e-3]", ("learning_rates", "'1e-3'", "0.001")),
    "negative scale": Bad(_start(name="wrong", scales=[-1]), ("initialisations[0].scales", "-1", "> 0")),
    "scale 0": Bad(_start(name="wrong", scales=[0]), ("initialisations[0].scales", "0", "> 0")),
    "scale nan": Bad(
        _start(name="wrong", scales=[float("nan")]), ("initialisations[0].scales", "nan", "> 0")
    ),
    "scale infinite": Bad(
        _start(name="wrong", scales=[float("inf")]), ("initialisations[0].scales", "inf", "10000")
    ),
    "scale beyond the range": Bad(
        _start(name="wrong", scales=[1e5]), ("initialisations[0].scales", "100000", "10000")
    ),
    "no scale for wrong": Bad(_start(name="wrong"), ("initialisations[0].scales", "wrong", "one or more")),
    "scales for zero": Bad(
        _start(name="zero", scales=[1]), ("initialisations[0].scales", "zero", "none for zero")
    ),
    "empty learning rates": Bad({"learning_rates": []}, ("learning_rates", "[]", "one or more")),
    "empty data sets": Bad({"datasets": []}, ("datasets", "[]", "one or more")),
    "empty initialisations": Bad({"initialisations": []}, ("initialisations", "[]", "one or more")),
    "empty losses": Bad({"losses": []}, ("losses", "mse", "bce")),
    "empty targets": Bad({"targets": []}, ("targets", "[]", "accuracy, brier, logloss")),
    "empty separabilities": Bad(_data(separability=[]), ("datasets[0].separability", "[]", "list")),
    "unknown loss": Bad({"losses": ["mse", "bce", "hinge"]}, ("losses", "hinge", "mse")),
    "only one loss": Bad({"losses": ["mse"]}, ("losses", "bce missing", "mse and bce")),
    "unknown data set": Bad({"datasets": [{"name": "nowhere"}]}, ("datasets[0].name", "nowhere", "gaussian")),
    "the name of another kind": Bad(
        {"datasets": [{"name": "gaussian", "kind": "separable"}]},
        ("datasets[0].name", "'gaussian'", "a name of its own"),
    ),
    "unknown kind": Bad({"datasets": [{"name": "a", "kind": "b"}]}, ("datasets[0].kind", "'b'", "gaussian")),
    "unknown initialisation": Bad(
        _start(name="rong", scales=[1]), ("initialisations[0].name", "rong", "wrong")
    ),
    "unknown target": Bad({"targets": ["f1"]}, ("targets", "f1", "accuracy")),
    "budget 0": Bad({"max_steps": 0}, ("max_steps", "0", "1 to 1000000000")),
    "negative budget": Bad({"max_steps": -5}, ("max_steps", "-5", "1 to 1000000000")),
    "budget beyond the range": Bad({"max_steps": 10**12}, ("max_steps", "1000000000000", "1 to 1000000000")),
    "a seed twice": Bad({"seeds": [1, 1]}, ("seeds", "1", "different")),
    "seeds as they once were": Bad(
        {"seeds": {"evaluation": 3, "tuning": 1}}, ("seeds", "'tuning': 1", "write `seeds: 3`")
    ),
    "no seeds": Bad({"seeds": 0}, ("seeds", "0", "1 to 100000")),
    "hold 0": Bad({"hold": 0}, ("hold", "0", "1 to 1000000")),
    "one fold": Bad({"statistics": {"folds": 1}}, ("statistics.folds", "1", "2 to 1000")),
    "a certain start": Bad(
        _start(name="sure_wrong", scales=[1]), ("initialisations[0].scales", "1.0", "> 0.5 and < 1")
    ),
    "a start on a data set that is not there": Bad(
        _start(name="zero", datasets=["nowhere"]), ("initialisations", "'nowhere'", "no data set")
    ),
    "a data set without a start": Bad(
        _data() | _start(name="zero", datasets=["wine_0_1"]),
        ("initialisations", "'gaussian' has no start", "limited"),
    ),
    "a data set twice": Bad(
        {"datasets": [{"name": "gaussian"}] * 2}, ("datasets", "gaussian", "name of its own")
    ),
    "a rate twice": Bad({"learning_rates": [1, 1.0]}, ("learning_rates", "1.0", "different")),
    "an initialisation twice": Bad(
        {"initialisations": [{"name": "zero"}] * 2}, ("initialisations", "zero", "own")
    ),
    "a data set without a name": Bad({"datasets": [{"n": 5}]}, ("datasets[0].name", "missing", "characters")),
    "a data set that is no mapping": Bad({"datasets": ["gaussian"]}, ("datasets[0]", "gaussian", "mapping")),
    "a name that is a path": Bad(
        _data(name="../../out", kind="gaussian"), ("datasets[0].name", "../../out", "A-Z")
    ),
    "a name that is a command": Bad(
        _data(name="$(touch out)", kind="gaussian"), ("datasets[0].name", "touch", "A-Z")
    ),
    "a name that is markup": Bad(
        _data(name="<script>", kind="gaussian"), ("datasets[0].name", "<script>", "A-Z")
    ),
    "a name with a line break": Bad(
        _data(name="a\nb", kind="gaussian"), ("datasets[0].name", "a\\nb", "A-Z")
    ),
    "n too small": Bad(_data(n=3), ("datasets[0].n", "3", "4 to 10000000")),
    "d 0": Bad(_data(d=0), ("datasets[0].d", "0", "1 to 1000")),
    "negative separability": Bad(_data(separability=[-2]), ("datasets[0].separability", "-2", "> 0")),
    "label noise of a half": Bad(_data(label_noise=0.5), ("datasets[0].label_noise", "0.5", "< 0.5")),
    "imbalance 1": Bad(_data(imbalance=1), ("datasets[0].imbalance", "1", "< 1")),
    "fraction 0": Bad(
        {"datasets": [{"name": "wine_0_1", "fraction": 0}]}, ("datasets[0].fraction", "0", "> 0")
    ),
    "confidence 1": Bad({"statistics": {"confidence": 1}}, ("statistics.confidence", "1", "< 1")),
    "few resamples": Bad({"statistics": {"resamples": 10}}, ("statistics.resamples", "10", "100 to 100000")),
    "no shards": Bad({"shards": 0}, ("shards", "0", "1 to 10000")),
    "one point of a curve": Bad({"curves": {"points": 1}}, ("curves.points", "1", "2 to 1000")),
    "rate 0": Bad({"learning_rates": [0]}, ("learning_rates", "0", "> 0")),
    "rate beyond the range": Bad({"learning_rates": [1e7]}, ("learning_rates", "10000000", "1000000")),
    "data file missing": Bad(_mine(), ("mine.csv", "no such file")),
    "data file with one class": Bad(
        _mine(),
        ("mine.csv", "'label'", "one value only: '0'", "two different"),
        {"mine.csv": text("x,label\n1,0\n2,0\n3,0\n")},
    ),
    "data file without a value": Bad(
        _mine(),
        ("mine.csv", "'x'", "no value", "line 4", "`missing: drop`"),
        _csv(lambda r: [*r[:3], "," + r[3].partition(",")[2], *r[4:]]),
    ),
    "data file with infinity": Bad(
        _mine(),
        ("mine.csv", "'x'", "inf in line 4", "finite", "`drop: [x]`"),
        _csv(lambda r: [*r[:3], "inf," + r[3].partition(",")[2], *r[4:]]),
    ),
    "data file with a label 2": Bad(
        _mine(),
        ("mine.csv", "'label'", "3 different values", "'2' (1 times)", "line 5", "two different"),
        _csv(lambda r: [*r[:4], "0,0,2", *r[5:]]),
    ),
    "data file with labels yes and no": Bad(
        _mine(),
        ("mine.csv", "'label'", "'no' and 'yes'", "`positive: yes`"),
        {"mine.csv": text(GOOD_CSV.replace(",1\n", ",yes\n").replace(",0\n", ",no\n"))},
    ),
    "data file whose positive value does not occur": Bad(
        _mine(positive="maybe"), ("mine.csv", "'label'", "`positive: maybe`", "'0' or '1'"), _csv(lambda r: r)
    ),
    "data file without a label": Bad(
        _mine(),
        ("mine.csv", "'label'", "line 5", "`missing: drop`"),
        _csv(lambda r: [*r[:4], "0,0,", *r[5:]]),
    ),
    "data file with constant columns only": Bad(
        _mine(features=["c"]),
        ("mine.csv", "every feature column is constant", "vary"),
        _csv(lambda r: ["c," + r[0], *("5," + row for row in r[1:])]),
    ),
    "data file without the label column": Bad(
        _mine(label="y"), ("mine.csv", "'y'", "'x', 'z', 'label'"), _csv(lambda r: r)
    ),
    "data file without a column to be left out": Bad(
        _mine(drop=["zz"]), ("mine.csv", "'zz'", "did you mean 'z'", "`drop`"), _csv(lambda r: r)
    ),
    "data file with a word": Bad(
        _mine(),
        ("mine.csv", "'x'", "'word' in line 4", "`drop: [x]`"),
        _csv(lambda r: [*r[:3], "word,0,1", *r[4:]]),
    ),
    "data file with names": Bad(
        _mine(),
        ("mine.csv", "'who'", "24 different texts", "up to 20", "`drop: [who]`"),
        {"mine.csv": text("who,x,label\n" + "".join(f"n{i},{i},{i % 2}\n" for i in range(24)))},
    ),
    "data file with a value too many": Bad(
        _mine(), ("mine.csv", "line 4", "4 values, but 3 names"), _csv(lambda r: [*r[:3], "1,2,0,9", *r[4:]])
    ),
    "data file with a value too few": Bad(
        _mine(), ("mine.csv", "line 4", "2 values, but 3 names"), _csv(lambda r: [*r[:3], "1,2", *r[4:]])
    ),
    "data file without a header": Bad(
        _mine(), ("mine.csv", "line 1", "without a header", "`header: false`"), _csv(lambda r: r[1:])
    ),
    "data file in another encoding": Bad(
        _mine(encoding="ascii"),
        ("mine.csv", "ascii", "another `encoding`"),
        {"mine.csv": text(GOOD_CSV.replace("z", "é"))},
    ),
    "an encoding that is none": Bad(_mine(encoding="utf8000"), ("datasets[0].encoding", "utf8000", "cp1252")),
    "a separator of two characters": Bad(_mine(separator="::"), ("datasets[0].separator", "'::'", "blanks")),
    "missing values made up": Bad(_mine(missing="guess"), ("datasets[0].missing", "'guess'", "drop or mean")),
    "too few rows": Bad(_mine(rows=3), ("datasets[0].rows", "3", "4 to 10000000")),
    "data file with nothing in it": Bad(_mine(), ("mine.csv", "cannot be read"), {"mine.csv": text("")}),
    "data file without features": Bad(
        _mine(), ("mine.csv", "no feature"), {"mine.csv": text("label\n0\n1\n0\n1\n")}
    ),
    "data file that is a folder": Bad(
        _mine(), ("mine.csv", "a folder"), {"mine.csv": lambda path: path.mkdir()}
    ),
    "data file that is a pickle": Bad(
        _mine(file="mine.pkl"),
        ("mine.pkl", ".csv", ".parquet"),
        {"mine.pkl": lambda path: pd.DataFrame().to_pickle(path)},
    ),
    "a pickle called .csv": Bad(
        _mine(),
        ("mine.csv", "no text file"),
        {"mine.csv": lambda path: pd.DataFrame({"a": [1]}).to_pickle(path, compression=None)},
    ),
    "a parquet file that is none": Bad(
        _mine(file="mine.parquet"),
        ("mine.parquet", "cannot be read"),
        {"mine.parquet": lambda path: path.write_bytes(b"PAR1....PAR1")},
    ),
    "a data file whose name Snakemake would change": Bad(
        _mine(file="<results>.csv"),
        ("datasets[0].file", "<results>", "or <word>"),
        {"results.csv": text(GOOD_CSV)},
    ),
    "a data file whose name is a wildcard": Bad(
        _mine(file="{shard}.csv"), ("datasets[0].file", "{", "without { }")
    ),
    "a data file among the results": Bad(
        _mine(file="results/tables/runs.parquet"), ("results/tables/runs.parquet", "results")
    ),
    "results is a file": Bad({"max_steps": 10}, ("results", "not a folder"), {"results": text("a file")}),
}

_WINE = [{"name": "wine_0_1"}]
_PAIR = [{"name": "zero"}, {"name": "wrong", "scales": [1]}]
_SMALL: dict[str, Any] = {
    "seeds": 3,
    "datasets": [{"name": "gaussian", "separability": [2], "n": 20}],
    "initialisations": _PAIR,
    "learning_rates": [1],
    "max_steps": 50,
    "shards": 2,
    "curves": {"seeds": 1, "points": 5},
    "statistics": {"resamples": 100},
    # The default phase diagram takes most of a minute, and no case here changes what it draws.
    "phase": {"scales": [1, 8], "large_n": 1000, "large_separability": [2], "large_scales": [1]},
}


def _of(**changes: Any) -> dict[str, Any]:
    return _SMALL | changes


def _gaussian(**options: Any) -> dict[str, Any]:
    return _of(datasets=[{"name": "gaussian", "separability": [2], "n": 20} | options])


def _frame(**columns: Any) -> Callable[[Path], object]:
    """Writer of a parquet file with 40 rows and noisy labels."""
    rng = np.random.default_rng(0)
    labels = np.arange(40) % 2
    made = {name: make(rng, labels) for name, make in columns.items()} | {"label": labels}
    return lambda path: pd.DataFrame(made).to_parquet(path)


def _noise(rng: np.random.Generator, labels: Any) -> Any:
    return labels + rng.normal(size=40)


_SURE = ("sure_wrong", "sure_right")
_CENSORED, _DIVERGED = frozenset({"censored"}), frozenset({"diverged", "reached"})
_FILE = [{"name": "mine", "file": "mine.parquet"}]

EXTREME: dict[str, Extreme] = {
    "scale 1e3": Extreme(_of(initialisations=[{"name": "zero"}, {"name": "wrong", "scales": [1e3]}])),
    "scale 1e4, every start": Extreme(
        _of(initialisations=[{"name": name, "scales": [1e4]} for name in ("normal", "wrong", "right")])
    ),
    "sure by a hair, and beyond doubt": Extreme(
        _of(initialisations=[{"name": name, "scales": [0.5 + 1e-9, 1 - 1e-15]} for name in _SURE])
    ),
    "hold for longer than the budget": Extreme(_of(hold=1000)),
    "more folds than seeds": Extreme(_of(statistics={"resamples": 100, "folds": 1000})),
    "other starts on each data set": Extreme(
        _of(
            datasets=[{"name": "gaussian", "separability": [2], "n": 20}, *_WINE],
            initialisations=[
                {"name": "zero", "datasets": ["wine_0_1"]},
                {"name": "wrong", "scales": [1], "datasets": ["gaussian"]},
            ],
        )
    ),
    "nothing to reach, beside something": Extreme(
        _of(datasets=[{"name": "xor", "file": "xor.csv"}, *_WINE], initialisations=[{"name": "zero"}]),
        files={"xor.csv": text("x,z,label\n" + "0,0,0\n1,1,0\n0,1,1\n1,0,1\n" * 10)},
    ),
    "scale 1e-6": Extreme(_of(initialisations=[{"name": "normal", "scales": [1e-6]}])),
    "rate 1e6": Extreme(_of(learning_rates=[1e6])),
    "rate 1e6 at scale 1e4": Extreme(
        _of(learning_rates=[1e6], initialisations=[{"name": "wrong", "scales": [1e4]}])
    ),
    "rate 1e-9": Extreme(_of(learning_rates=[1e-9])),
    "four samples, the fewest": Extreme(_gaussian(n=4)),
    "one seed": Extreme(_of(seeds=1)),
    "one sample of a class more than allowed, kept two": Extreme(_gaussian(n=200, imbalance=0.001)),
    "d = 1": Extreme(_gaussian(d=1)),
    "d = 500": Extreme(_gaussian(d=500, n=60)),
    "n = 1e6": Extreme(
        _of(
            datasets=[{"name": "gaussian", "separability": [2], "n": 1_000_000}],
            seeds=1,
            initialisations=[{"name": "zero"}],
            max_steps=5,
            shards=1,
        )
    ),
    "1e5 lanes": Extreme(
        _of(
            seeds=1,
            max_steps=2,
            shards=1,
            curves={"seeds": 0},
            initialisations=[
                {"name": "normal", "scales": [round(0.001 * (i + 1), 6) for i in range(10_000)]}
            ],
            learning_rates=[0.5, 1, 2, 4],
        )
    ),
    "every run censored": Extreme(
        _of(max_steps=1, targets=["brier"], initialisations=[{"name": "wrong", "scales": [8]}]),
        ends=_CENSORED,
    ),
    # None diverges: gradients are bounded, and so are the rates that a config takes.
    "rate 1e6 on noisy labels, nothing arrives": Extreme(
        _of(
            max_steps=2000,
            learning_rates=[1e6],
            targets=["logloss"],
            datasets=[{"name": "gaussian", "separability": [0.5], "n": 40, "label_noise": 0.4}],
            initialisations=[{"name": "normal", "scales": [1e4]}],
        )
    ),
    "budget 1": Extreme(_of(max_steps=1)),
    "no curves": Extreme(_of(curves={"seeds": 0, "points": 2})),
    "separability 100": Extreme(_gaussian(separability=[100])),
    "separability 1e-6": Extreme(_gaussian(separability=[1e-6])),
    "label noise 0.49": Extreme(_gaussian(n=100, label_noise=0.49)),
    "an empty slab of 100": Extreme(_of(datasets=[{"name": "separable", "separability": [100], "n": 20}])),
    "only accuracy": Extreme(_of(targets=["accuracy"])),
    "more shards than data sets": Extreme(_of(shards=10_000)),
    "the last seed there is": Extreme(_of(seed=2**31 - 1, seeds=[2**31 - 1, 0])),
    "confidence 0.5 and 0.999999": Extreme(_of(statistics={"confidence": 0.999999, "resamples": 100})),
    "a data set called nan": Extreme(
        _of(
            datasets=[
                {"name": "nan", "kind": "gaussian", "n": 20, "separability": [2]},
                {"name": "NA", "kind": "wine_0_1"},
            ]
        )
    ),
    "a data set called -": Extreme(
        _of(datasets=[{"name": "-", "kind": "gaussian", "n": 20, "separability": [2]}])
    ),
    "a file name for the shell and for markup": Extreme(
        _of(datasets=[{"name": "mine", "file": "$(touch out) <B>&'\".csv"}]),
        files={"$(touch out) <B>&'\".csv": text(GOOD_CSV)},
    ),
    "column names that are markup": Extreme(
        _of(datasets=_FILE),
        files={"mine.parquet": _frame(**{"<script>alert(1)</script>": _noise, "Größe; rm": _noise})},
    ),
    "labels true and false": Extreme(
        _of(datasets=[{"name": "mine", "file": "mine.csv"}]),
        files={"mine.csv": text(GOOD_CSV.replace(",1\n", ",True\n").replace(",0\n", ",False\n"))},
    ),
    "columns that repeat each other": Extreme(
        _of(datasets=_FILE),
        files={
            "mine.parquet": _frame(
                a=lambda rng, y: y * 1.0 + np.arange(40) % 7, b=lambda rng, y: y * 2.0 + np.arange(40) % 7 * 2
            )
        },
    ),
    "features of 1e300": Extreme(
        _of(datasets=_FILE), files={"mine.parquet": _frame(a=lambda rng, y: 1e300 * _noise(rng, y))}
    ),
    "features of 1e-300": Extreme(
        _of(datasets=_FILE), files={"mine.parquet": _frame(a=lambda rng, y: 1e-300 * _noise(rng, y))}
    ),
    "features that differ in the last bit": Extreme(
        _of(datasets=_FILE),
        files={"mine.parquet": _frame(a=lambda rng, y: 1.0 + 2.0**-52 * (y + np.arange(40) % 3))},
    ),
    "features of 32 bits and of 8": Extreme(
        _of(datasets=_FILE),
        files={
            "mine.parquet": _frame(
                a=lambda rng, y: _noise(rng, y).astype("float32"),
                b=lambda rng, y: (np.arange(40) % 5).astype("int8"),
            )
        },
    ),
    "a file of four rows": Extreme(
        _of(datasets=[{"name": "mine", "file": "mine.csv"}]),
        files={"mine.csv": text("x,label\n0,0\n1,1\n2,0\n3,1\n")},
    ),
    "all losses on wine at every start": Extreme(
        _of(
            datasets=_WINE,
            initialisations=[
                {"name": "zero"},
                *({"name": n, "scales": [2]} for n in ("normal", "wrong", "right")),
                *({"name": n, "scales": [0.9]} for n in _SURE),
            ],
        )
    ),
}


def truncate(path: Path) -> None:
    """Cut a file in the middle."""
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    """Make a file empty."""
    os.truncate(path, 0)


def flip(path: Path) -> None:
    """Flip one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def remove(path: Path) -> None:
    """Remove a file."""
    path.unlink()


DAMAGES = {"truncated": truncate, "emptied": empty, "bit-flipped": flip, "removed": remove}

DAMAGED = (
    "data/arrays.npz",
    "plan.parquet",
    "shards/0.runs.parquet",
    "tables/datasets.parquet",
    "tables/runs.parquet",
    "tables/slowdown.csv",
    "figures/slowdown.svg",
    "report.html",
)
