"""Methods in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from study.config.methods import MethodOptions

__all__ = ["label"]


def label(contender: MethodOptions, baseline: MethodOptions) -> str:
    """What moves the parameters of the two, in words; the losses too where they are not MSE against BCE."""
    words = [_words(method) for method in (contender, baseline)]
    if (contender.loss, baseline.loss) != ("mse", "bce"):
        words = [f"{method.loss}: {text}" for method, text in zip((contender, baseline), words, strict=True)]
    return words[0] if words[0] == words[1] else " against ".join(words)


_OPTIMISERS: Final = {"gd": "gradient descent", "adam(0.9, 0.999, 1e-08)": "Adam"}


def _words(method: MethodOptions) -> str:
    moved_by = _OPTIMISERS.get(method.optimiser, method.optimiser)
    return f"{moved_by}, batches of {method.batch_size}" if method.batch_size else moved_by
