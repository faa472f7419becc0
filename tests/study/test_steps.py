"""Long computations say which step they are in."""

from __future__ import annotations

import threading

import pytest
from study.config.model import load
from study.data import steps as steps_module
from study.data.steps import Steps
from study.runs import draw

ONE = {
    "seeds": 1,
    "datasets": [{"name": "gaussian", "separability": [1], "n": 60}],
    "initialisations": [{"name": "zero"}],
}


def test_a_quick_computation_says_nothing() -> None:
    lines: list[str] = []
    with Steps("data set", lines.append, after=60.0) as step:
        step("one")
        step("two")
    assert lines == []


def test_a_step_that_takes_long_is_said_while_it_lasts_and_so_are_later_ones() -> None:
    lines: list[str] = []
    said = threading.Event()

    def note(line: str) -> None:
        lines.append(line)
        said.set()

    with Steps("data set", note, after=0.001) as step:
        step("one")
        assert said.wait(60)
        step("two")
    assert [line.partition(" (")[0] for line in lines[1:]] == ["data set: two", "data set: done in 0 s"]
    assert lines[0].startswith("data set: ")


def test_an_error_is_not_called_done() -> None:
    lines: list[str] = []

    def fail() -> None:
        with Steps("data set", lines.append, after=60.0) as step:
            step("one")
            step._say()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert lines == ["data set: one (0 s so far)"]


def test_every_step_of_the_facts_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(steps_module.Steps, "__call__", lambda self, step: said.append(step))
    list(draw.draw(load(ONE), note=said.append))
    assert said == [
        "drawing the samples",
        "making the columns orthonormal",
        "finding where descent on BCE ends",
        "searching the least squared error",
        "measuring the distance between the classes",
    ]
