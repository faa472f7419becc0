"""The explorer's data made small: each text once, and arrival steps as differences in a few letters.

Nothing is lost. `templates/explorer.js` has the other direction.
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from typing import Any, Final

LETTERS: Final = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
"""Digits of base 64; each letter holds five bits and whether more follow, the lowest first."""


def packed(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of the explorer with texts of cells as places in a list `words`, and packed steps.

    Parameters
    ----------
    data
        As `study.report.explorer.build` makes it.

    Returns
    -------
    dict
        The same keys and `words`. In a cell, a text is its place in `words`, and a number is minus one minus
        the number, so that the two cannot be confused; null stays null. A group of `survival` is its share,
        its budget and one text.
    """
    words: dict[str, int] = {}

    def cell(value: Any) -> Any:
        if isinstance(value, list):
            return [cell(item) for item in value]
        if isinstance(value, str):
            return words.setdefault(value, len(words))
        return None if value is None else -1 - value

    cells = cell(data["cells"])
    survival = data["survival"] and _survival(data["survival"])
    return {**data, "cells": cells, "words": list(words), "survival": survival}


def _survival(groups: Any) -> Any:
    """Pack each group of nested lists; a group begins with a number."""
    if groups is None or isinstance(groups[0], list) or groups[0] is None:
        return groups and [_survival(group) for group in groups]
    share, budget, *steps = groups
    return [share, budget, differences(steps)]


def differences(steps: Sequence[int]) -> str:
    """Write whole numbers that never fall as their differences, each in as few letters as it needs."""
    out, last = [], 0
    for step in steps:
        rest, last = step - last, step
        while rest >= 32:
            out.append(LETTERS[32 + rest % 32])
            rest //= 32
        out.append(LETTERS[rest])
    return "".join(out)
