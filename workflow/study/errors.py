"""Errors that are reported without a traceback: wrong input, and a lack of memory or threads."""

from __future__ import annotations

import errno
import resource
from typing import Final

from study.prose import Prose

__all__ = ["UserError", "printable", "shortage"]

_SIGNS: Final = (
    "Cannot allocate memory",
    "Resource temporarily unavailable",
    "can't start new thread",
    "failed to map segment from shared object",
    "LLVM ERROR: out of memory",
)
"""Found in messages of libraries that have no error type for a lack of memory or threads."""


class UserError(Exception):
    """Bad input: the message names the key, the value and what is allowed, in a line or two.

    Parameters
    ----------
    message
        May quote a file or a config: unprintable characters, such as an escape sequence for the terminal, are
        written as escapes.
    """

    def __init__(self, message: Prose) -> None:
        super().__init__("\n".join(map(printable, message.split("\n"))))


def printable(text: str) -> str:
    """Escape what is not printable, such as an escape sequence for the terminal or half of a character."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def shortage(error: BaseException) -> str | None:
    """Say in a line that memory or threads have run out, if that is what an error means, else None.

    NumPy and pyarrow raise kinds of `MemoryError`; a thread that cannot be started or a library that cannot
    be mapped is a `RuntimeError`, an `ImportError` or one of pyarrow's own.
    """
    lacking = isinstance(error, MemoryError) or getattr(error, "errno", None) in {errno.ENOMEM, errno.EAGAIN}
    if not lacking and not any(sign in str(error) for sign in _SIGNS):
        return None
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    bound = (
        "" if limit == resource.RLIM_INFINITY else f"; `ulimit -v` allows this process {limit / 1e9:.1f} GB"
    )
    first = next(iter(str(error).splitlines()), "")
    return (
        f"Not enough memory or threads ({type(error).__name__}: {first}){bound}. Allow more, or run fewer "
        "jobs at once (`snakemake --cores 1`)."
    )
