"""The order of mini-batches: a shuffle of the samples for each epoch, whatever run, loss or method sees them.

The shuffle is Fisher and Yates's with numbers of the generator SplitMix64 (Steele, Lea and Flood 2014), whose
start depends on the seed and the epoch alone.  It is written in whole numbers, so that it is the same on
every machine and with every version of NumPy.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from kernels import checks
from kernels.jit import compiled, subroutine
from kernels.models import GROUP
from kernels.samples import in_one_piece

__all__ = ["Epochs", "arrange_epochs", "batches", "shuffled_epochs", "whole_epochs"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# To enter the loop over a vector's batches costs as much as some hundred samples.
_LEAST_SAMPLES: Final = 4096

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_HALF: Final = np.uint64(32)


@subroutine
def _mixed(word: Any) -> Any:
    """The output of SplitMix64 for a state."""
    word = (word ^ (word >> np.uint64(30))) * _FIRST
    word = (word ^ (word >> np.uint64(27))) * _SECOND
    return word ^ (word >> np.uint64(31))


@subroutine
def _shuffle(order: Ints, seed: int, epoch: int) -> None:
    """Fill `order` (n,) with the numbers 0 to n - 1 as they are shuffled in an epoch."""
    for i in range(order.size):
        order[i] = i
    state = _mixed(_mixed(np.uint64(seed) + _GOLDEN) + (np.uint64(epoch) + np.uint64(1)) * _GOLDEN)
    for i in range(order.size - 1, 0, -1):
        state = state + _GOLDEN
        # The upper half of a word times i + 1: a number from 0 to i, off from uniform by less than n / 2^32.
        j = np.int64(((_mixed(state) >> _HALF) * np.uint64(i + 1)) >> _HALF)
        order[i], order[j] = order[j], order[i]


@compiled
def _shuffled(order: Ints, seed: int, epoch: int) -> None:
    _shuffle(order, seed, epoch)


def batches(n: int, batch_size: int, batch_seed: int, epoch: int) -> list[Ints]:
    """The mini-batches of an epoch, in the order in which `descend` takes its steps.

    Parameters
    ----------
    n
        Number of samples, 1 or more.
    batch_size
        Samples in a batch, 1 or more; the last batch of an epoch holds what is left.
    batch_seed
        From 0 to 2**63 - 1.  Other seeds give other shuffles.
    epoch
        From 0 on.  Every epoch has a shuffle of its own.

    Returns
    -------
    list of (samples,) int64
        Numbers of samples; together, each from 0 to n - 1 once.

    Raises
    ------
    ValueError
        Naming the argument, the value and what is allowed.

    Examples
    --------
    >>> [len(batch) for batch in batches(10, 4, batch_seed=0, epoch=0)]
    [4, 4, 2]
    """
    count = checks.whole_number("n", n, 1, 2**31)
    size = checks.whole_number("batch_size", batch_size, 1, 2**53)
    seed = checks.whole_number("batch_seed", batch_seed, 0, 2**63 - 1)
    order = np.empty(count, dtype=np.int64)
    _shuffled(order, seed, checks.whole_number("epoch", epoch, 0, 2**53))
    return [order[begin : begin + size] for begin in range(0, count, size)]


class Epochs(NamedTuple):
    """The samples of a few epochs, batch after batch; what changes from one to the next is written here.

    Attributes
    ----------
    features
        (rows, d), batch after batch: its negative class first, and filled up to whole groups by samples of
        features 0.
    begins, positives_from
        (batches,) the rows of `features` at which a batch and its positive class begin.
    stride
        Rows of a batch.
    counts
        (batches,) samples of a batch, as float64.
    order
        (n,) the shuffle of one epoch; empty where all samples are one batch, in an order of their own.
    size
        Samples in a batch but the last.
    seed
        What the shuffles depend on, next to the epoch.
    number
        How many epochs these are.
    """

    features: Floats
    begins: Ints
    positives_from: Ints
    stride: int
    counts: Floats
    order: Ints
    size: int
    seed: int
    number: int


def whole_epochs(features: Floats, labels: Floats) -> Epochs:
    """All samples (n, d) as one batch, again and again."""
    n, arranged = len(features), in_one_piece(features, labels)
    number = max(1, _LEAST_SAMPLES // n)
    return Epochs(
        features=arranged,
        begins=np.zeros(number, dtype=np.int64),
        positives_from=np.full(number, np.count_nonzero(labels == 0.0)),
        stride=len(arranged),
        counts=np.full(number, float(n)),
        order=np.empty(0, dtype=np.int64),
        size=n,
        seed=0,
        number=number,
    )


def shuffled_epochs(n: int, d: int, size: int, seed: int) -> Epochs:
    """Room for the batches of as many epochs as are worth an entry into the loop over a vector's batches."""
    size, number = min(size, n), max(1, _LEAST_SAMPLES // n)
    batches, stride = -(-n // size), -(-size // GROUP) * GROUP
    counts = np.full(batches, float(size))
    counts[-1] = n - (batches - 1) * size
    return Epochs(
        features=np.zeros((number * batches * stride, d)),
        begins=np.arange(number * batches) * stride,
        positives_from=np.zeros(number * batches, dtype=np.int64),
        stride=stride,
        counts=np.tile(counts, number),
        order=np.empty(n, dtype=np.int64),
        size=size,
        seed=seed,
        number=number,
    )


@subroutine
def arrange_epochs(epochs: Epochs, first: int, features: Floats, labels: Floats) -> None:
    """Write the batches of the epochs from `first` on, if the samples are not one batch in its own order.

    `features` and `labels` are the samples in the order they came in.
    """
    if epochs.order.size == 0:
        return
    batches = epochs.counts.size // epochs.number
    for epoch in range(epochs.number):
        _shuffle(epochs.order, epochs.seed, first + epoch)
        for batch in range(batches):
            begin = batch * epochs.size
            _arrange(epochs, epoch * batches + batch, begin, features, labels)


@subroutine
def _arrange(epochs: Epochs, batch: int, begin: int, features: Floats, labels: Floats) -> None:
    """Write one batch, whose samples are those of the shuffle from `begin` on."""
    row = epochs.begins[batch]
    for label in (0.0, 1.0):
        epochs.positives_from[batch] = row
        for i in range(begin, begin + np.int64(epochs.counts[batch])):
            sample = epochs.order[i]
            if labels[sample] == label:
                for j in range(features.shape[1]):
                    epochs.features[row, j] = features[sample, j]
                row += 1
