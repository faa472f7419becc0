"""How bad input is reported."""

from __future__ import annotations

__all__ = ["failure"]


def failure(argument: str, value: object, allowed: str) -> ValueError:
    """The error that names an argument, what it was given, and what is allowed."""
    return ValueError(f"{argument}: got {value}; allowed is {allowed}")
