"""Bootstrap intervals of the Kaplan-Meier median of ratios."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from scipy import special

from study.statistics.survival import HALF, LEVEL, Bools, Floats

RESAMPLES: Final = 999
"""Bootstrap resamples: with 999 the 2.5% and 97.5% points are the 25th and 975th in order."""

_HELD: Final = 1 << 22  # numbers of a batch of resamples: some 100 MB

Ints = npt.NDArray[np.int64]


class Drawn(NamedTuple):
    """Pairs of some resamples: every outcome that occurs, and which of them each resample holds.

    Attributes
    ----------
    ratio
        Shape (outcomes,), float64: the ratio, or what it is known to exceed; nan for a pair without one.
    known
        Shape (outcomes,), bool: True where the ratio is known.
    which
        Shape (resamples, pairs), int64: positions in these two.
    """

    ratio: Floats
    known: Bools
    which: Ints


class Sample(Protocol):
    """What is resampled: the seeds of one data set, or all pairs of a cell."""

    @property
    def size(self) -> int:
        """Seeds there are to draw from."""

    def drawn(self, picked: Ints) -> Drawn:
        """Return the pairs of resamples; `picked`: shape (resamples, seeds), int64, seeds of each."""

    def data(self) -> bytes:
        """All that a resample depends on."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs whose ratios do not depend on what else is drawn.

    Attributes
    ----------
    ratio, known
        Shape (pairs,), float64 and bool; see `Drawn`. Sorted, so that equal pairs in any order are equal.
    """

    ratio: Floats
    known: Bools

    @classmethod
    def of(cls, ratio: npt.ArrayLike, known: npt.ArrayLike) -> Pairs:
        """Sort pairs, those without a ratio left out."""
        ratio, known = np.asarray(ratio, dtype=np.float64), np.asarray(known, dtype=np.bool_)
        order = np.lexsort((~known, ratio))[: np.count_nonzero(~np.isnan(ratio))]
        return cls(ratio[order], known[order])

    @property
    def size(self) -> int:
        """Number of pairs."""
        return self.ratio.size

    def drawn(self, picked: Ints) -> Drawn:
        """Return the pairs themselves."""
        return Drawn(self.ratio, self.known, picked)

    def data(self) -> bytes:
        """The sorted pairs."""
        return self.ratio.astype("<f8").tobytes() + self.known.tobytes()


def medians(drawn: Drawn) -> tuple[Floats, Floats]:
    """Median of each resample as (at least, at most): equal where it is known, else its lower bound and inf.

    The rule is that of a cell: the Kaplan-Meier median, if it is reached and at least half of the ratios are
    known; else the smaller middle value of what the ratios are known to exceed. 0 and inf without a ratio.
    """
    order = np.lexsort((~drawn.known, drawn.ratio))  # nan last
    ratio, known = drawn.ratio[order], drawn.known[order]
    place = np.empty(order.size, dtype=np.int16 if order.size < 2**15 else np.int64)
    place[order] = np.arange(order.size)
    ranks = np.sort(place[drawn.which], axis=-1)
    inside = ranks < np.count_nonzero(~np.isnan(ratio))
    present = inside.sum(axis=-1)
    at_risk = np.maximum(present[:, np.newaxis] - np.arange(ranks.shape[-1]), 1).astype(np.float64)
    hit = known[ranks] & inside
    arrived = np.cumprod(np.where(hit, (at_risk - 1) / at_risk, 1.0), axis=-1) <= HALF
    there = arrived[:, -1] & (2 * hit.sum(axis=-1) >= present) & (present > 0)
    middles = np.where(there, arrived.argmax(axis=-1), np.maximum((present + 1) // 2 - 1, 0))
    middle = ratio[np.take_along_axis(ranks, middles[:, np.newaxis], axis=-1)[:, 0]]
    return np.where(present > 0, middle, 0.0), np.where(there, middle, np.inf)


def _uniform(words: npt.NDArray[np.uint64], size: npt.ArrayLike) -> Ints:
    """Turn random words into numbers from 0 to size - 1.

    The high half times size, divided by 2^32: uniform up to size / 2^32.
    """
    return (((words >> np.uint64(32)) * np.asarray(size, dtype=np.uint64)) >> np.uint64(32)).astype(np.int64)


def _resamples(samples: Sequence[Sample], resamples: int) -> Iterator[Drawn]:
    """Draw resamples, a batch at a time: samples with replacement, then seeds of each with replacement.

    A resample holds as many samples as there are, and of each as many seeds as it has. The bits come from
    PCG64, whose raw stream is guaranteed never to change, seeded with a digest of the data: the same samples
    give the same resamples in any order.
    """
    samples = sorted(samples, key=lambda sample: hashlib.sha256(sample.data()).digest())
    seed = hashlib.sha256(b"".join(sample.data() for sample in samples)).digest()
    bits = np.random.PCG64(int.from_bytes(seed, "little"))
    sizes = np.array([sample.size for sample in samples])
    groups, widest = len(samples), int(sizes.max())
    words = groups * widest + (groups if groups > 1 else 0)
    for begin in range(0, resamples, max(1, _HELD // words)):
        count = min(max(1, _HELD // words), resamples - begin)
        raw = bits.random_raw(count * words).reshape(count, words)
        picked = raw[:, -groups * widest :].reshape(count * groups, widest)
        group = _uniform(raw[:, :groups], groups).ravel() if groups > 1 else np.zeros(count, dtype=np.int64)
        yield _together(samples, group, _uniform(picked, sizes[group, np.newaxis]), count)


def _together(samples: Sequence[Sample], group: Ints, picked: Ints, count: int) -> Drawn:
    """Put the drawn samples of each of `count` resamples together.

    `group`, shape (slots,), says which sample is drawn in a slot, and `picked`, shape (slots, widest), which
    seeds of it; a narrower sample's row is filled up with pairs without a ratio.
    """
    index = np.zeros(picked.shape, dtype=np.int64)
    outcomes, known, length = [np.array([np.nan])], [np.array([False])], 1
    for number, sample in enumerate(samples):
        slots = np.flatnonzero(group == number)
        if slots.size:
            part = sample.drawn(picked[slots, : sample.size])
            index[slots, : sample.size] = part.which + length
            outcomes.append(part.ratio)
            known.append(part.known)
            length += part.ratio.size
    return Drawn(np.concatenate(outcomes), np.concatenate(known), index.reshape(count, -1))


def _tail(size: int, level: float) -> float:
    """Share of resamples beyond each end: Phi(-sqrt(n / (n - 1)) t), Student's t with n - 1 degrees."""
    wide = math.sqrt(size / (size - 1)) * special.stdtrit(size - 1, (1 + level) / 2)
    return float(special.ndtr(-wide))


def enough(pairs: int, level: float) -> bool:
    """Whether an interval can have this level: n pairs all lie on one side once in 2^(n-1)."""
    return 2.0 * 0.5**pairs <= 1.0 - level


def interval(
    samples: Sequence[Sample], size: int, *, resamples: int = RESAMPLES, level: float = LEVEL
) -> tuple[float, float]:
    """Expanded percentile interval of the Kaplan-Meier median over resampled data.

    Parameters
    ----------
    samples
        What is resampled. A single sample: its seeds. Several (data sets): they, then the seeds of each.
    size
        How many independent units the interval rests on: pairs with a ratio in a single sample, or samples.
    resamples
        Number of resamples.
    level
        Confidence level, in (0, 1).

    Returns
    -------
    low, high : float
        `low` is always finite: a resample whose median is not known enters with its lower bound. `high` is
        inf where too many medians are not known. 0 and inf where there are too few units for the level: the
        median lies outside the range of n of them with probability 2^(1-n) (see `enough`). Both are nan
        without any.

    Notes
    -----
    Hesterberg (2015), "What teachers should know about the bootstrap": the plain percentile interval is
    too narrow by about a factor sqrt((n - 1) / n) and does not allow for Student's t; the tails cut off are
    made smaller to match.
    """
    if size == 0:
        return math.nan, math.nan
    if not enough(size, level):
        return 0.0, math.inf
    parts = [medians(drawn) for drawn in _resamples(samples, resamples)]
    at_least, at_most = (np.concatenate(ends) for ends in zip(*parts, strict=True))
    low = max(round((resamples + 1) * _tail(size, level)) - 1, 0)
    high = resamples - 1 - low
    return float(np.partition(at_least, low)[low]), float(np.partition(at_most, high)[high])


def bootstrap(
    ratio: npt.ArrayLike, observed: npt.ArrayLike, *, resamples: int = RESAMPLES, level: float = LEVEL
) -> tuple[float, float]:
    """Interval of the median of fixed pairs; see `interval`.

    Parameters
    ----------
    ratio
        Shape (pairs,), float64, fewer than 2^31 of them: the ratios, or what they are known to exceed; nan
        for a pair without one.
    observed
        Shape (pairs,), bool: True where the ratio is known.
    resamples, level
        As for `interval`.
    """
    pairs = Pairs.of(ratio, observed)
    return interval([pairs], pairs.size, resamples=resamples, level=level)
