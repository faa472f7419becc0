"""The two sides of a comparison: processes of the revisions, and rounds of a benchmark taken from them."""

from __future__ import annotations

import json
import random
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from study.benchmarks import record
from study.errors import UserError

__all__ = ["Floats", "Side", "measure", "offered", "workers"]

Floats = npt.NDArray[np.float64]

_WORKER = Path(__file__).with_name("worker.py")


class GoneError(Exception):
    """A worker has ended too early."""


class Side:
    """A process of one revision."""

    def __init__(self, python: str, tree: Path, errors: IO[str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603
            [python, "-P", str(_WORKER), str(tree)],
            cwd=tree,
            env=record.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            bufsize=1,
        )

    def send(self, message: Any) -> None:
        """Send a message."""
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except OSError:
            raise GoneError from None

    def receive(self) -> dict[str, Any]:
        """Wait for a message."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise GoneError
        message: dict[str, Any] = json.loads(line)
        if message["event"] == "failed":
            raise UserError(message["why"])
        return message

    def ready(self, name: str) -> dict[str, Any]:
        """Wait until the benchmark is warmed up or known to be absent; skip messages about earlier ones."""
        while True:
            message = self.receive()
            if message.get("name") == name:
                return message
            if message["event"] == "end":
                raise GoneError

    def seconds(self) -> float:
        """Ask for a round; nan where it failed."""
        self.send("go")
        return float(self.receive().get("seconds", np.nan))

    def end(self) -> None:
        """End the process; nothing is lost with it."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def workers(pairs: Sequence[tuple[str, Path]]) -> Iterator[list[Side]]:
    """Start a worker for each interpreter and folder, and end them all when the block ends."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors, ExitStack() as stack:
        started = []
        for python, tree in pairs:
            started.append(Side(python, tree, errors))
            stack.callback(started[-1].end)
        try:
            yield started
        except GoneError:
            errors.seek(0)
            said = [line for line in errors.read().splitlines() if line.strip()] or ["it said nothing"]
            raise UserError(f"a benchmark process ended too early: {said[-1]}") from None


def offered(side: Side) -> list[str]:
    """Ask a worker which benchmarks its revision has."""
    names: list[str] = side.receive()["names"]
    return names


def measure(
    sides: Sequence[Side], name: str, count: int, order: random.Random, *, repeats: int = 1
) -> list[Floats] | str:
    """Take rounds of a benchmark, every side once a round, in random order.

    Parameters
    ----------
    sides
        Workers whose next benchmark this is.
    name
        Name of the benchmark.
    count
        Rounds.
    order
        Draws the order of the sides.
    repeats
        How many times `count` rounds are taken, one after the other.

    Returns
    -------
    list of (rounds, sides) float64, or str
        Seconds of each repeat, per sample, run and step where every side says how many those are; or why
        there are none.
    """
    replies = [side.ready(name) for side in sides]
    failed = [message["event"] != "ready" for message in replies]
    seconds = [np.full((count, len(sides)), np.nan) for _ in range(repeats)]
    for row in (row for part in seconds for row in part):
        for k in order.sample(range(len(sides)), 0 if any(failed) else len(sides)):
            row[k] = sides[k].seconds()
            failed[k] = bool(np.isnan(row[k]))
            if failed[k]:
                break
    for side, gone in zip(sides, failed, strict=True):
        if not gone:
            side.send("stop")
    if any(failed):
        return str(replies[failed.index(True)].get("why", "failed"))
    steps = [message["sample_steps"] for message in replies]
    return [part / np.array(steps) for part in seconds] if all(steps) else seconds
