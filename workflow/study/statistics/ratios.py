"""What a pair of times says about their ratio."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from study.statistics.survival import Bools, Floats


class Ratios(NamedTuple):
    """Ratios of pairs, as far as they are known; every array has the shape of the times.

    Attributes
    ----------
    ratio
        float64: T_MSE / T_BCE, or what it is known to exceed; nan where `at_start`.
    known
        bool: whether `ratio` is an observation. Where only BCE missed, the ratio lies between 0 and `below`
        and enters as an observed 0, which can only lower a median. Where both missed, it is censored at 0.
    below
        float64: a value the ratio cannot exceed, inf where there is none; nan where `at_start`.
    at_start
        bool: whether a loss met the target at step 0, so that the ratio says nothing (0/0).
    slower, faster
        bool: whether MSE certainly took more steps, or fewer; neither where `at_start`.
    """

    ratio: Floats
    known: Bools
    below: Floats
    at_start: Bools
    slower: Bools
    faster: Bools


def ratios(mse: Floats, mse_in: Bools, bce: Floats, bce_in: Bools) -> Ratios:
    """Compare the times of pairs.

    Parameters
    ----------
    mse, bce
        float64, at least 0: the step of arrival, or the budget where the run did not arrive.
    mse_in, bce_in
        bool: whether it arrived.
    """
    at_start = (mse_in & (mse == 0)) | (bce_in & (bce == 0))
    quotient = mse / np.where(bce == 0, np.nan, bce)
    ratio = np.where(at_start, np.nan, np.where(bce_in, quotient, 0.0))
    # What BCE missed within its budget C takes it longer than C, so T_MSE / T_BCE < T_MSE / C.
    below = np.where(mse_in & (bce > 0), quotient, np.inf)
    # A run that missed takes longer than its budget, so longer than any time up to that.
    slower = ~at_start & bce_in & ((mse > bce) | (~mse_in & (mse == bce)))
    faster = ~at_start & mse_in & ((bce > mse) | (~bce_in & (mse == bce)))
    return Ratios(ratio, mse_in & ~at_start, np.where(at_start, np.nan, below), at_start, slower, faster)
