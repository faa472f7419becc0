"""Bootstrap intervals of the Kaplan-Meier median of ratios."""

from __future__ import annotations

import hashlib
import math
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

from study.statistics.survival import HALF, LEVEL, Bools, Floats

RESAMPLES: Final = 999
"""Bootstrap resamples: with 999 the 2.5% and 97.5% points are the 25th and 975th in order."""

_HELD: Final = 1 << 22  # numbers of a batch of resamples: some 100 MB


def _resampled(ratio: Floats, observed: Bools, resamples: int) -> tuple[Floats, Floats]:
    """Median of each resample as (at least, at most): equal where it is known, else its lower bound and inf.

    Each resample holds as many pairs as the cell. The bits come from PCG64, whose raw stream is guaranteed
    never to change, seeded with a digest of the sorted data: the same pairs give the same interval in any
    order.
    """
    size = ratio.size
    order = np.lexsort((~observed, ratio))
    ratio, observed = ratio[order], observed[order]
    seed = hashlib.sha256(ratio.astype("<f8").tobytes() + observed.tobytes()).digest()
    bits = np.random.PCG64(int.from_bytes(seed, "little"))
    at_risk = np.arange(size, 0, -1, dtype=np.float64)
    least, middle, reached = [], [], []
    for count in _batches(resamples, max(1, _HELD // size)):
        # High half times size, divided by 2^32: uniform on 0..size-1 up to size / 2^32.
        picked = (
            ((bits.random_raw(count * size) >> np.uint64(32)) * np.uint64(size)) >> np.uint64(32)
        ).astype(np.int16 if size < 2**15 else np.int64)
        picked = np.sort(picked.reshape(count, size), axis=-1)
        hit = observed[picked]
        arrived = np.cumprod(np.where(hit, (at_risk - 1) / at_risk, 1.0), axis=-1) <= HALF
        reached.append(arrived[:, -1] & (2 * hit.sum(axis=-1) >= size))
        least.append(ratio[picked[:, (size + 1) // 2 - 1]])
        middle.append(
            ratio[np.take_along_axis(picked, arrived.argmax(axis=-1)[:, np.newaxis], axis=-1)[:, 0]]
        )
    there, known = np.concatenate(reached), np.concatenate(middle)
    return np.where(there, known, np.concatenate(least)), np.where(there, known, np.inf)


def _batches(total: int, size: int) -> list[int]:
    """Cut a total into parts of a size, the last one smaller."""
    return [min(size, total - begin) for begin in range(0, total, size)]


def _tail(size: int, level: float) -> float:
    """Share of resamples beyond each end: Phi(-sqrt(n / (n - 1)) t), Student's t with n - 1 degrees."""
    wide = math.sqrt(size / (size - 1)) * special.stdtrit(size - 1, (1 + level) / 2)
    return float(special.ndtr(-wide))


def enough(pairs: int, level: float) -> bool:
    """Whether an interval can have this level: n pairs all lie on one side once in 2^(n-1)."""
    return 2.0 * 0.5**pairs <= 1.0 - level


def bootstrap(
    ratio: npt.ArrayLike, observed: npt.ArrayLike, *, resamples: int = RESAMPLES, level: float = LEVEL
) -> tuple[float, float]:
    """Expanded percentile interval of the Kaplan-Meier median over resampled pairs.

    Parameters
    ----------
    ratio
        Shape (pairs,), float64, finite, fewer than 2^31 of them: the ratios, or what they are known to
        exceed.
    observed
        Shape (pairs,), bool: True where the ratio is known.
    resamples
        Number of resamples.
    level
        Confidence level, in (0, 1).

    Returns
    -------
    low, high : float
        `low` is always finite: a resample whose median is not known enters with its lower bound. `high` is
        inf where too many medians are not known. 0 and inf where there are too few pairs for the level: the
        median lies outside the range of n pairs with probability 2^(1-n) (see `enough`). Both are nan without
        pairs.

    Notes
    -----
    Hesterberg (2015), "What teachers should know about the bootstrap": the plain percentile interval is
    too narrow by about a factor sqrt((n - 1) / n) and does not allow for Student's t; the tails cut off are
    made smaller to match.
    """
    ratio, observed = np.asarray(ratio, dtype=np.float64), np.asarray(observed, dtype=np.bool_)
    if ratio.size == 0:
        return math.nan, math.nan
    if not enough(ratio.size, level):
        return 0.0, math.inf
    at_least, at_most = _resampled(ratio, observed, resamples)
    cut = max(round((resamples + 1) * _tail(ratio.size, level)) - 1, 0)
    return float(np.partition(at_least, cut)[cut]), float(
        np.partition(at_most, resamples - 1 - cut)[resamples - 1 - cut]
    )
