"""One made-up study for the tests of what comes after the runs table."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import synthetic
from study.catalogue import TABLES
from study.tables.table import conform


@pytest.fixture(scope="session")
def frames():
    """Tables by name; not to be changed in place."""
    runs = conform(synthetic.runs(), TABLES["runs"])
    return {
        "runs": runs,
        **synthetic.summaries(runs),
        "datasets": conform(synthetic.datasets(6, 3), TABLES["datasets"]),
        "curves": conform(synthetic.curves(runs), TABLES["curves"]),
        **{name: conform(getattr(synthetic, name)(), TABLES[name]) for name in synthetic.LATER},
    }


@pytest.fixture(scope="session")
def pictures(frames):
    """Every figure as SVG, by name."""
    return synthetic.pictures(frames)
