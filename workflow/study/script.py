"""What the adapters in `workflow/scripts` share: how they speak, and how they fail."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from study.errors import UserError

__all__ = ["commit", "note", "told"]


@contextmanager
def told(log: str | Path) -> Iterator[None]:
    """Run a job: a `UserError` in it goes to `log` and stderr without a traceback, and ends the job with exit code 1."""
    Path(log).write_text("", encoding="utf-8")
    try:
        yield
    except UserError as error:
        note(log)(str(error))
        sys.exit(1)
    except OSError as error:
        # A full disk, a folder that cannot be written: the operating system's own words name it.
        note(log)(f"{error.filename or 'results'}: {error.strerror or error}")
        sys.exit(1)


def note(log: str | Path) -> Callable[[str], None]:
    """Return a function that writes a line to `log` and to stderr."""

    def write(line: str) -> None:
        print(line, file=sys.stderr, flush=True)
        with Path(log).open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    return write


def commit(folder: str | Path) -> str:
    """Return the commit of the work tree at `folder`, with a + where files have been changed; `unknown` without git."""
    try:
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(folder), "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()
