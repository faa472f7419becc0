"""The scores of the targets: how each is summed over the samples, and when a target is met.

``accuracy`` is the share of samples with a margin above 0, ``brier`` the mean squared error of the
probability (without a half), ``logloss`` the mean cross-entropy in nats. The target of accuracy holds from
its threshold on, those of the other two down from theirs; a target is met by holding at several checks in a
row.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from kernels.arithmetic import log_normal, sigmoid_pair
from kernels.jit import lanewise, subroutine
from kernels.lanes import BUDGET, STEP, Lanes, Outcome, Task, retire
from kernels.vectors import WIDTH, any_true, exponent, fma, load, mantissa, select, store

__all__ = [
    "TARGETS",
    "add_to_sums",
    "any_met",
    "begin_sums",
    "check_targets",
    "mean_scores",
    "rescale_sums",
]

TARGETS: Final = ("accuracy", "brier", "logloss")
"""Names of the targets, in the order of rows of thresholds and scores; a threshold of nan is never met."""

_ACCURACY, _BRIER, _LOGLOSS = range(3)
_LN2: Final = float.fromhex("0x1.62e42fefa39efp-1")


@lanewise
def begin_sums(nothing: Any, padding: Any) -> Any:
    """The sums over no sample, minus what the padding samples of features 0 are going to add.

    Each of these adds a square of 1/4 and a factor of 1/2, both exact.  `nothing` is a vector of 0.
    """
    return nothing - 0.25 * padding, nothing, nothing + 1.0, nothing + padding, nothing


@lanewise
def add_to_sums(z: Any, y: Any, sums: Any) -> Any:
    """Add a sample of logit `z` and label `y` to the sums.

    ``softplus(-m) = max(-m, 0) - log(max(sigmoid(m), sigmoid(-m)))``: the factors of the second part, from
    1/2 to 1, are multiplied up, which costs one multiplication a sample in place of one logarithm.
    """
    squares, excess, product, powers, correct = sums
    margin = (2.0 * y - 1.0) * z
    wrong, right = sigmoid_pair(-margin)
    squares = fma(wrong, wrong, squares)
    excess = excess + select(margin < 0.0, -margin, 0.0)
    product = product * select(wrong > right, wrong, right)
    correct = select(margin > 0.0, correct + 1.0, correct)
    return squares, excess, product, powers, correct


@lanewise
def rescale_sums(sums: Any) -> Any:
    """The same sums with a running product that is far from underflow."""
    squares, excess, product, powers, correct = sums
    return squares, excess, mantissa(product), powers + exponent(product), correct


@lanewise
def mean_scores(sums: Any, count: Any) -> Any:
    """Accuracy, Brier score and log loss of `count` samples."""
    squares, excess, product, powers, correct = sums
    logloss = excess - fma(powers, _LN2, log_normal(product))
    return correct / count, squares / count, logloss / count


@lanewise
def any_met(task: Task, lanes: Lanes, scores: Any) -> Any:
    """Whether a run meets a target at this step, with `scores` (accuracy, Brier score, log loss).

    A target is met when it has held at `Task.hold` checks in a row, this one included.
    """
    accuracy, brier, logloss = scores
    step = load(lanes.state, STEP)
    enough = task.hold * task.check_every
    return (
        _held(lanes, _ACCURACY, accuracy >= load(lanes.thresholds, _ACCURACY), step, enough)
        | _held(lanes, _BRIER, brier <= load(lanes.thresholds, _BRIER), step, enough)
        | _held(lanes, _LOGLOSS, logloss <= load(lanes.thresholds, _LOGLOSS), step, enough)
    )


@lanewise
def _held(lanes: Lanes, target: int, holds: Any, step: Any, enough: float) -> Any:
    """Note in which lanes a target `holds` at `step`; return whether it has in any for `enough` steps."""
    missed = select(holds, load(lanes.missed, target), step)
    store(lanes.missed, target, missed)
    return any_true(step - missed >= enough)


@subroutine
def check_targets(task: Task, outcome: Outcome, lanes: Lanes) -> bool:
    """Note the targets that are met at this step, and retire the runs that are done; return if any is.

    A run is done when it has met all its targets, or has used its budget.
    """
    thresholds, missed = lanes.thresholds, lanes.missed
    ended = False
    for lane in range(WIDTH):
        run = lanes.run[lane]
        if run < 0:
            continue
        step = lanes.state[STEP, lane]
        left = 0
        for target in range(thresholds.shape[0]):
            if np.isnan(thresholds[target, lane]):
                continue
            if step - missed[target, lane] >= task.hold * task.check_every:
                outcome.arrival[target, run] = np.int64(missed[target, lane] + task.check_every)
                thresholds[target, lane] = np.nan
            else:
                left += 1
        if left == 0 or step >= lanes.state[BUDGET, lane]:
            retire(outcome, lanes, lane)
            ended = True
    return ended
