"""Gradient descent of sigmoid classifiers: arrays in, arrays out, the same bits on every machine.

numpy and numba only.  Nothing in here reads a file, a config or a clock, but for the compiled code that `compiled` keeps.
"""

from __future__ import annotations

from pathlib import Path

from kernels.arithmetic import exp, expit, expit_slope, log1p, softplus
from kernels.descent import Descent, descend
from kernels.evaluation import gradient, risk
from kernels.flow import Flow, gradient_flow
from kernels.losses import LOSSES

if any(Path(__file__).resolve().parents[1].glob("kernels-*.dist-info")):
    raise ImportError(
        "kernels: the distribution of that name from the package index is installed in the same place and has mixed its "
        "files with ours; pip uninstall kernels, and install mse-versus-bce again"
    )

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
