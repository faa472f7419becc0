"""Methods in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pandas as pd

    from study.config.methods import Leg, MethodOptions

__all__ = ["AGAINST", "contenders", "label", "losses"]

AGAINST: Final = " against "
"""Between the two methods of a label, where they are not the same but for MSE and BCE."""


def label(contender: MethodOptions, baseline: MethodOptions) -> str:
    """What moves the parameters of the two, in words; the losses too where they are not MSE against BCE."""
    words = [_words(method) for method in (contender, baseline)]
    if (contender.loss, baseline.loss) != ("mse", "bce"):
        words = [f"{losses(method.legs)}{_by(method)}" for method in (contender, baseline)]
    return words[0] if words[0] == words[1] else AGAINST.join(words)


_OPTIMISERS: Final = {"gd": "gradient descent", "adam(0.9, 0.999, 1e-08)": "Adam"}


def _words(method: MethodOptions) -> str:
    moved_by = _OPTIMISERS.get(method.optimiser, method.optimiser)
    model = "" if method.model == "linear" else f", {method.model}"
    return f"{moved_by}{_batches(method)}{model}"


def _by(method: MethodOptions) -> str:
    """Optimiser, batches and model, as far as they are not plain descent of a linear model."""
    named = {"gd": "", "normalised": ", steps of one length"}
    moved_by = named.get(method.optimiser, f", {_OPTIMISERS.get(method.optimiser, method.optimiser)}")
    model = "" if method.model == "linear" else f", {method.model}"
    return f"{moved_by}{_batches(method)}{model}"


def _batches(method: MethodOptions) -> str:
    return f", batches of {method.batch_size}" if method.batch_size else ""


_LOSSES: Final = {
    "mse": "MSE",
    "bce": "BCE",
    "squared": "MSE without its \N{VULGAR FRACTION ONE HALF}",
    "mse_offset": "MSE + {} BCE",
    "gce": "generalised cross-entropy, q = {}",
    "focal": "focal loss, \N{GREEK SMALL LETTER GAMMA} = {}",
}


def contenders(rows: pd.DataFrame) -> dict[str, str]:
    """Each contender of comparisons in words, as it is compared with plain MSE where that is its baseline."""
    out = {}
    for baseline in ("bce", "mse"):
        here = rows[rows["baseline"] == baseline]
        for name, text in zip(here["contender"], here["label"], strict=True):
            out[str(name)] = "MSE" if name == "mse" else str(text).partition(AGAINST)[0]
    return out


def losses(legs: list[Leg]) -> str:
    """The losses of a method, one after the other."""
    parts = []
    for leg in legs:
        name, _, parameter = leg.loss.rstrip(")").partition("(")
        words = _LOSSES.get(name, leg.loss).format(parameter)
        parts.append(words if leg.steps is None else f"{words} for {leg.steps} steps")
    return ", then ".join(parts)
