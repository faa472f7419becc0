"""Gradient descent of sigmoid classifiers: arrays in, arrays out, the same bits on every machine.

numpy and numba only.  Nothing in here reads a file, a config or a clock, except for the compiled code that
`code_cache` keeps.

A name is imported from its module when it is first used, so that a program loads (and depends on) what
it uses.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from kernels.arithmetic import exp, expit, expit_slope, log1p, softplus, tanh
    from kernels.descent import Descent, descend
    from kernels.epochs import batches
    from kernels.evaluation import gradient, parameters, risk
    from kernels.flow import Flow, gradient_flow
    from kernels.losses import LOSSES
    from kernels.models import MODELS
    from kernels.optimisers import OPTIMISERS

if any(Path(__file__).resolve().parents[1].glob("kernels-*.dist-info")):
    raise ImportError(
        "kernels: the distribution of that name from the package index is installed in the same place and "
        "has mixed its files with ours; pip uninstall kernels, and install mse-versus-bce again"
    )

__all__ = [
    "LOSSES",
    "MODELS",
    "OPTIMISERS",
    "Descent",
    "Flow",
    "batches",
    "descend",
    "exp",
    "expit",
    "expit_slope",
    "gradient",
    "gradient_flow",
    "log1p",
    "parameters",
    "risk",
    "softplus",
    "tanh",
]

_MODULES: Final = {
    "LOSSES": "losses",
    "MODELS": "models",
    "OPTIMISERS": "optimisers",
    "Descent": "descent",
    "Flow": "flow",
    "batches": "epochs",
    "descend": "descent",
    "exp": "arithmetic",
    "expit": "arithmetic",
    "expit_slope": "arithmetic",
    "gradient": "evaluation",
    "gradient_flow": "flow",
    "log1p": "arithmetic",
    "parameters": "evaluation",
    "risk": "evaluation",
    "softplus": "arithmetic",
    "tanh": "arithmetic",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
