"""What goes wrong through the user's input, and is reported without a traceback."""

from __future__ import annotations

from study.prose import Prose

__all__ = ["UserError"]


class UserError(Exception):
    """Bad input: the message names the key, the value and what is allowed, in a line or two.

    Parameters
    ----------
    message
        May quote a file or a config: what would not print, such as an escape sequence for the terminal, is written out.
    """

    def __init__(self, message: Prose) -> None:
        super().__init__("".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in message))
