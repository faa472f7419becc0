"""The worker of a comparison: a process that runs one revision's benchmarks, a round each time it is asked.

It is started as a script, with the interpreter of that revision's environment, and imports nothing of this
project: what it loads is the revision's own code. It stands in for the ``benchmark`` fixture of
pytest-benchmark, so that any revision's `tests/bench/` will do. Messages are lines of JSON on stdin and
stdout; pytest's own output goes to stderr.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

__all__ = ["Benchmark", "Line", "Worker", "main"]


class Line:
    """The connection to the process that compares."""

    def __init__(self, reading: int, writing: int) -> None:
        self._in = os.fdopen(reading, encoding="utf-8")
        self._out = os.fdopen(writing, "w", encoding="utf-8", buffering=1)

    def send(self, **message: Any) -> None:
        """Send a message."""
        self._out.write(json.dumps(message) + "\n")

    def receive(self) -> Any:
        """Wait for a message; if the other end is closed, end this process."""
        line = self._in.readline()
        if not line:
            os._exit(3)
        return json.loads(line)


class Benchmark:
    """What benchmarks use of pytest-benchmark's fixture: calling it, `pedantic`, `group` and `extra_info`."""

    def __init__(self, name: str, line: Line) -> None:
        self.name, self.group, self.extra_info = name, None, dict[str, Any]()
        self.ready = False
        self._line = line

    def __call__(self, target: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Time ``target(*args, **kwargs)`` in as many rounds as are asked for."""
        return self.pedantic(target, args, kwargs)

    def pedantic(
        self,
        target: Callable[..., Any],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        setup: Callable[[], Any] | None = None,
        **_given: Any,
    ) -> Any:
        """Time `target`, in as many rounds as are asked for, whatever number is given here."""

        def seconds() -> float:
            arguments = setup() if setup else None
            positional, named = arguments or (args, kwargs or {})
            begun = time.perf_counter()
            target(*positional, **named)
            return time.perf_counter() - begun

        for _ in range(2):  # compiling is not timed
            seconds()
        self.ready = True
        self._line.send(event="ready", name=self.name, sample_steps=self.extra_info.get("sample_steps"))
        while self._line.receive() == "go":
            self._line.send(event="round", seconds=seconds())


class Worker:
    """A pytest plugin: lists the benchmarks, runs those that are wanted, and names those that fail."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._current: Benchmark | None = None

    @pytest.fixture
    def benchmark(self, request: pytest.FixtureRequest) -> Benchmark:
        """Stand in for pytest-benchmark's fixture."""
        self._current = Benchmark(request.node.nodeid, self._line)
        return self._current

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Send what was found, and keep what is wanted, in the order wanted."""
        found = {item.nodeid: item for item in items if "benchmark" in getattr(item, "fixturenames", ())}
        self._line.send(event="collected", names=list(found))
        items[:] = [found[name] for name in self._line.receive()]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Report a benchmark that failed, or never came to its first round."""
        if report.passed and report.when != "call":
            return
        done = self._current is not None and self._current.ready and report.passed
        if not done:
            why = str(
                report.longrepr[2]
                if isinstance(report.longrepr, tuple)
                else report.longrepr or "times nothing"
            )
            self._line.send(event="absent", name=report.nodeid, why=why.strip().splitlines()[-1])
        self._current = None


def main(tree: Path) -> int:
    """Run the benchmarks of the revision in `tree`, as the process that started this one asks."""
    line = Line(os.dup(0), os.dup(1))
    os.dup2(2, 1)
    sys.path[:0] = [str(tree), str(tree / "workflow")]
    import kernels  # noqa: PLC0415  that of the revision

    if Path(kernels.__file__).resolve().parents[1] != tree.resolve():
        line.send(
            event="failed", why=f"`import kernels` finds {kernels.__file__}, which is not of this revision"
        )
        return 1
    words = ["tests/bench", "-q", "--rootdir", str(tree), "-c", "pyproject.toml", "--import-mode=prepend"]
    words += ["-o", "addopts=", "-p", "no:benchmark", "-p", "no:cacheprovider"]
    code = pytest.main(words, plugins=[Worker(line)])
    line.send(event="end", code=int(code))
    return int(code)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
