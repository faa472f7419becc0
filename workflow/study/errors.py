"""What goes wrong through the user's input, and is told without a traceback."""

from __future__ import annotations

__all__ = ["UserError"]


class UserError(Exception):
    """Bad input: the message names the key, the value and what is allowed, in a line or two."""
