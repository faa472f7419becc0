"""Says which step a long computation is in."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock, Timer
from types import TracebackType

__all__ = ["Step", "Steps", "silent"]

Step = Callable[[str], None]
"""Takes what is done next, in a few words."""


def silent(step: str) -> None:
    """Say nothing."""
    del step


class Steps:
    """Says the step that a computation is in, and each later one, once it has taken long; last, how long.

    Parameters
    ----------
    label
        What the lines begin with.
    note
        Takes a line of text.
    after
        Seconds after which the first line is written.
    """

    def __init__(self, label: str, note: Callable[[str], None], after: float = 3.0) -> None:
        self._label, self._note, self._after = label, note, after
        self._begun, self._step, self._said = time.perf_counter(), "", False
        self._lock = Lock()
        # Fires in the middle of a step, which may take minutes.
        self._timer = Timer(after, self._say)
        self._timer.daemon = True

    def __enter__(self) -> Steps:
        self._timer.start()
        return self

    def __call__(self, step: str) -> None:
        """Begin a step."""
        with self._lock:
            self._step, said = step, self._said
        if said:
            self._say()

    def _say(self) -> None:
        with self._lock:
            self._said = True
            self._note(f"{self._label}: {self._step} ({time.perf_counter() - self._begun:.0f} s so far)")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            if self._said and error is None:
                self._note(f"{self._label}: done in {time.perf_counter() - self._begun:.0f} s")
