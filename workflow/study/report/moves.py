"""How far the answer moves: with the choices behind it, and with the last digits of a start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from study import wording
from study.figures.style import NAMES
from study.report.words import times
from study.sensitivity import choices, perturbation
from study.statistics.pairs import LOSSES

_STARTS: Final = {
    "zero": "from an undecided start",
    "normal": "from an ordinary small random start, on real data",
    "sure_wrong": "from a confidently wrong start",
}

_CHANGED: Final = {
    "nothing": "as on the first screen",
    "target": "with the target {choice}",
    "threshold": "with the target {choice} to the base rate",
    "rate": "at {choice}",
    "convention": "with {choice}",
    "policy": "with {choice}",
}


def choices_prose(table: pd.DataFrame) -> list[str]:
    """Say for each start of the first screen between which values its slowdown moves, one choice at a time.

    Parameters
    ----------
    table
        The table `sensitivity`.
    """
    found = choices.facts(table)
    out = []
    for initialisation, name in _STARTS.items():
        if initialisation in found:
            ends = {end: found[initialisation][end] for end in ("base", "least", "greatest")}
            out.append(
                f"{_ratio(ends['base'])} {name} becomes {_end(ends['least'])} at the least, and "
                f"{_end(ends['greatest'])} at the most."
            )
    return out or ["This study has no start of the first screen."]


def _ratio(row: Mapping[str, Any]) -> str:
    return times(row["slowdown"], bound=bool(row["slowdown_bound"]))


def _end(row: Mapping[str, Any]) -> str:
    return f"{_ratio(row)} {_CHANGED[row['changed']].format(choice=row['choice'])}"


def perturbation_prose(table: pd.DataFrame) -> list[str]:
    """Say what a change of starts by one part in 1e14 moves, and how often the loss rises.

    Parameters
    ----------
    table
        The table `perturbation`.
    """
    found = perturbation.facts(table)
    if not found["numbers"]:
        return ["This study has no number of the first screen to repeat."]
    moved = found["numbers"] - found["same"]
    same = (
        f"all {found['numbers']} slowdowns of the first screen's starts print the same"
        if not moved
        else f"{moved} of {found['numbers']} slowdowns of the first screen's starts print otherwise"
    )
    out = [f"With every start moved by one part in 1e14, {same}."]
    if found["cells"]:
        out.append(
            f"Of {found['cells']} cells drawn from those at rates from 1/L on, in which most runs arrive, "
            f"{wording.count(found['chaotic'])} {'is' if found['chaotic'] == 1 else 'are'} chaotic: more "
            f"than one run "
            "in twenty arrives more than a tenth earlier or later."
        )
    if found["rises"]:
        shares = [
            f"{NAMES[loss]}'s in up to {100 * found['rises'][loss][1]:.0f}%"
            for loss in LOSSES
            if loss in found["rises"]
        ]
        out.append(
            f"At those rates the loss itself can rise: {' and '.join(shares)} of the first 200 steps of a "
            f"cell's runs. "
            "(No run can diverge, for both gradients are bounded.)"
        )
    return out
