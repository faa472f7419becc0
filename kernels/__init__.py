"""Gradient descent of sigmoid classifiers: arrays in, arrays out, the same bits on every machine.

numpy and numba only.  Nothing in here reads a file, a config or a clock, but for the compiled code that `compiled` keeps.
"""

from __future__ import annotations

from kernels.arithmetic import exp, expit, expit_slope, log1p, softplus
from kernels.descent import Descent, descend
from kernels.evaluation import gradient, risk
from kernels.flow import Flow, gradient_flow
from kernels.losses import LOSSES
from kernels.models import MODELS
from kernels.optimisers import OPTIMISERS

__all__ = [
    "LOSSES",
    "Descent",
    "Flow",
    "descend",
    "exp",
    "expit",
    "expit_slope",
    "gradient",
    "gradient_flow",
    "log1p",
    "risk",
    "softplus",
]
