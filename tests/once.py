"""What is made once for all workers of pytest-xdist: the first makes it, the others read it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest


def folder(factory: pytest.TempPathFactory, name: str, fill: Callable[[Path], None]) -> Path:
    """Return a folder of this session that `fill` has filled; not to be changed."""
    own = factory.getbasetemp()
    place = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "once"
    place.mkdir(exist_ok=True)
    with (place / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a worker that dies lets go of it
        if not (place / f"{name}.whole").exists():
            (place / name).mkdir()  # an error here if `fill` failed in another worker
            fill(place / name)
            (place / f"{name}.whole").touch()
    return place / name


def value(factory: pytest.TempPathFactory, name: str, make: Callable[[], Any]) -> Any:
    """Return what `make` has returned, as a copy of each worker's own."""

    def fill(place: Path) -> None:
        pd.to_pickle(make(), place / "value.pickle")

    return pd.read_pickle(folder(factory, name, fill) / "value.pickle")
