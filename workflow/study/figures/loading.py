"""Loads matplotlib whatever ``MPLBACKEND`` says.

A notebook sets it, for all that is started from it, to a backend that exists in the notebook's environment
only: in any other, `import matplotlib` ends in an error. A backend shows figures on a screen; here they are
written to files.
"""

from __future__ import annotations

import os

__all__ = ["load_matplotlib"]


def load_matplotlib() -> None:
    """Import matplotlib as if no backend had been set, and leave the environment as it was."""
    backend = os.environ.pop("MPLBACKEND", None)
    try:
        import matplotlib  # noqa: F401, PLC0415
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
