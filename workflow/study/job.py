"""What the adapters in `workflow/scripts` share: logging, errors, and the receipt of what they made."""

from __future__ import annotations

import functools
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from study.errors import UserError, shortage
from study.provenance import receipts

__all__ = ["job", "note", "show"]

_UNENDED: Final = (
    "Still running, or ended from outside: by the system, as it does when memory runs out (allow more, or "
    "run fewer jobs at once: `snakemake --cores 1`), by a time limit or by hand.\n"
)
"""First in the log of a job until it ends by itself: one that is killed cannot say so."""


@contextmanager
def job(
    log: str | Path, inputs: Iterable[str] = (), outputs: Iterable[str] = (), params: Any = None
) -> Iterator[receipts.Receipt]:
    """Run a job: check what it reads, and write its receipt if it succeeds.

    A `UserError` goes to `log` and stderr without a traceback, and ends the job with exit code 1; so do an
    error of the operating system and a lack of memory. An interruption ends it without a message. The log of
    a job that was killed begins with a line that says so.

    Parameters
    ----------
    log
        The job's log; its name without suffix is the job's name.
    inputs, outputs, params
        As Snakemake gives them. A job without outputs has no receipt.
    """
    outputs = list(outputs)
    try:
        with suppress(OSError):
            Path(log).write_text(_UNENDED, encoding="utf-8")
        receipts.check(inputs)
        receipt = receipts.Receipt(Path(log).stem, inputs, outputs, dict(params.items()) if params else {})
        yield receipt
        if outputs:
            receipt.write()
    except UserError as error:
        note(log)(str(error))
        sys.exit(1)
    except OSError as error:
        # A full disk or a folder that cannot be written: the operating system's message names it.
        note(log)(f"{error.filename or 'results'}: {error.strerror or error}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if (line := shortage(error)) is None:
            _append(log, traceback.format_exc())
            raise
        note(log)(line)
        sys.exit(1)
    finally:
        # A full disk has no room, and then says so itself; a device can be read for ever.
        if Path(log).is_file():
            with suppress(OSError):
                text = Path(log).read_text(encoding="utf-8")
                Path(log).write_text(text.removeprefix(_UNENDED), encoding="utf-8")


def show(text: str) -> None:
    """Print to stdout. Who has closed the other end, as ``head`` does, has read enough: that is no error."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # Python would complain once more as it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def note(log: str | Path) -> Callable[[str], None]:
    """Return a function that writes a line to stderr, and to `log` where there is room for it.

    It can be sent to other processes.
    """
    return functools.partial(_note, log)


def _note(log: str | Path, line: str) -> None:
    print(line, file=sys.stderr, flush=True)
    _append(log, f"{line}\n")


def _append(log: str | Path, text: str) -> None:
    """Add text to a log, unless the disk is full."""
    with suppress(OSError), Path(log).open("a", encoding="utf-8") as file:
        file.write(text)
