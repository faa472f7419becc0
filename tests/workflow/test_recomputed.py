"""Numbers of a finished study, computed anew without its code; and that a wrong digit is found."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import running

sys.path.insert(0, str(Path(__file__).parents[1] / "independent"))

import recompute
from finished import Finished

pytestmark = pytest.mark.processes
PROGRAM = running.ROOT / "tests" / "independent" / "recompute.py"


def differing(folder: Path, *groups: str) -> set[str]:
    """Names of the numbers of some groups that differ."""
    found = recompute.recompute(Finished(folder / "results"), groups)
    return {check.name for checks in found.values() for check in checks if not check.agrees}


def test_every_number_computed_anew_is_the_one_that_is_printed(finished: Path) -> None:
    command = [sys.executable, str(PROGRAM), str(finished / "results")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.stderr == ""
    wrong = {re.split("  +", line)[1] for line in done.stdout.splitlines() if line.startswith("!!")}
    assert wrong == set()
    assert done.returncode == 0
    assert int(done.stdout.splitlines()[-1].split()[0]) >= 40


def wrong_digits(text: str) -> Iterator[str]:
    """Copies of a text, in each of which the last digit of another number is wrong."""
    for number in re.finditer(r"\d[\d.,]*\d|\d", text):
        last = str((int(number[0][-1]) + 1) % 10)
        yield text[: number.end() - 1] + last + text[number.end() :]


def copies(value: Any) -> Iterator[Any]:
    """Copies of a JSON value, in each of which another digit of its texts is wrong."""
    if isinstance(value, str):
        yield from wrong_digits(value)
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from ([*value[:place], copy, *value[place + 1 :]] for copy in copies(part))
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from (value | {key: copy} for copy in copies(part))


def test_a_wrong_digit_in_any_number_of_the_cards_and_first_sentences_is_found(study: Path) -> None:
    path = study / "results" / "summary.json"
    whole = json.loads(path.read_text(encoding="utf-8"))
    tried = 0
    for part, group in (("cards", "First screen, as printed"), ("lede", "First sentences")):
        for copy in copies(whole["first_screen"][part]):
            doctored = whole | {"first_screen": whole["first_screen"] | {part: copy}}
            path.write_text(json.dumps(doctored), encoding="utf-8")
            assert differing(study, group), copy
            tried += 1
    assert tried >= 15


def change(*keys: str | int) -> Callable[[dict[str, Any]], None]:
    """Say how to add 1 to a number of the summary."""

    def edit(summary: dict[str, Any]) -> None:
        place: Any = summary
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] += 1

    return edit


ZERO = ("answer", "zero")
LATE = ("answer", "unfinished", "mse", "stable")


@pytest.mark.parametrize(
    ("group", "edit", "name"),
    [
        ("First screen", change(*ZERO, "tuned", "slowdown"), "zero, tuned: slowdown"),
        ("First screen", change(*ZERO, "equal", "slower"), "zero, equal: slower"),
        ("First screen", change(*ZERO, "equal", "mse_median"), "zero, equal: median steps of mse"),
        ("First screen, over data sets", change(*ZERO, "spread", "highest", 0), "zero: highest"),
        ("First screen, over data sets", change(*ZERO, "edges"), "zero: at the largest rate"),
        ("Runs that had not arrived", change(*LATE, 0), "stable: mse runs not arrived"),
        ("Counts of the study", change("counts", "bounds"), "cells that are bounds"),
        ("Counts of the study", change("ends", 0, "censored"), "bce, accuracy: censored"),
        ("Intervals", change(*ZERO, "equal", "slowdown_low"), "zero, equal: no interval"),
    ],
)
def test_a_wrong_number_of_the_summary_is_found(study: Path, group: str, edit: Any, name: str) -> None:
    assert differing(study, group) == set()
    path = study / "results" / "summary.json"
    summary = json.loads(path.read_text(encoding="utf-8"))
    edit(summary)
    path.write_text(json.dumps(summary), encoding="utf-8")
    assert differing(study, group) == {name}


@pytest.mark.parametrize(
    ("group", "after"),
    [
        ("First screen, as printed", r"\n- \*\*"),
        ("First sentences", r"\(MSE\) takes "),
        ("Policies, as printed", r"\n\| accuracy \| zero \| "),
    ],
)
def test_a_wrong_digit_on_the_page_is_found(study: Path, group: str, after: str) -> None:
    path = study / "results" / "report.md"
    page = path.read_text(encoding="utf-8")
    begin = re.search(after, page).end()  # type: ignore[union-attr]
    path.write_text(page[:begin] + next(wrong_digits(page[begin:])), encoding="utf-8")
    assert differing(study, group)


@pytest.mark.parametrize(
    ("group", "table", "column", "row", "by"),
    [
        ("Cells of the slowdown", "slowdown", "bce_median", 0, 1.0),
        ("Cells of the slowdown", "slowdown", "slowdown", 0, 1e-9),
        ("Cells of arrivals", "arrivals", "reached", 0, 1),
        ("Data sets", "datasets", "base_logloss", 1, 1e-9),
        ("Data sets", "datasets", "smoothness", 0, 1e-7),
        ("Data sets", "datasets", "median_margin", 2, 1e-8),
        ("Optima of data sets", "datasets", "bce_logloss", 0, 1e-9),
        ("Optima of data sets", "datasets", "target_brier", 0, 1e-7),
        ("Rates and thresholds", "runs", "learning_rate", 0, 1e-9),
        ("Descents", "runs", "step", 0, 1),
        ("First screen", "runs", "step", 0, 1),
    ],
)
def test_a_wrong_number_in_a_table_is_found(
    study: Path, group: str, table: str, column: str, row: int, by: float
) -> None:
    path = study / "results" / "tables" / f"{table}.parquet"
    frame = pd.read_parquet(path)
    if group == "First screen":
        row = int(frame.index[(frame["target"] == "brier") & (frame["rate"] == 1.0)][0])
    frame.loc[row, column] += by
    frame.to_parquet(path)
    assert differing(study, group)
