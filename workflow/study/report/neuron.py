"""The demonstration of the page: what its controls offer, and the starts that it names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Preset:
    """A start of the demonstration: one sample with x = 1 and y = 0, so the output is sigmoid(w + b).

    Attributes
    ----------
    name
        What it is called.
    w, b
        Weight and bias before the first update.
    optimiser
        A key of `OPTIMISERS`.
    rate
        One of `RATES`, the same for both losses.
    updates
        One of `UPDATES`.
    """

    name: str
    w: float
    b: float
    optimiser: str = "gd"
    rate: str = "0.15"
    updates: int = 300


PRESETS: Final = (
    Preset("Nielsen's w = b = 2: 98% sure and wrong", 2.0, 2.0),
    Preset("Nielsen's w = 0.6, b = 0.9: 82% sure and wrong", 0.6, 0.9),
    Preset("undecided", 0.0, 0.0),
    Preset("99% sure and wrong", 2.3, 2.3),
    Preset("99.99% sure and wrong", 4.6, 4.6),
    Preset("99.99% sure and wrong, with Adam", 4.6, 4.6, optimiser="adam", rate="0.05"),
)
"""The first is shown first. Nielsen's two are of chapter 3 of his book, "Neural Networks and Deep Learning"
(2015), with his rate for the quadratic cost."""

OPTIMISERS: Final = {"gd": "gradient descent", "adam": "Adam"}
"""What moves the neuron, by its name in `kernels.OPTIMISERS`."""

RATES: Final = ("0.005", "0.01", "0.02", "0.05", "0.1", "0.15", "0.3", "0.5", "1", "2", "5", "10")
"""Learning rates to choose from."""

UPDATES: Final = (300, 3_000, 30_000)
"""Lengths of a run to choose from."""
