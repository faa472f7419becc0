"""One made-up study for the tests of what comes after the runs table."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import synthetic
from study import statistics, tables


@pytest.fixture(scope="session")
def frames():
    """Tables by name; not to be changed in place."""
    runs = tables.conform(synthetic.runs(), "runs")
    cells = statistics.slowdown(runs, synthetic.OWN_RATES)
    return {
        "runs": runs,
        "slowdown": cells,
        "decomposition": statistics.decomposition(cells),
        "datasets": tables.conform(synthetic.datasets(6, 3), "datasets"),
        "curves": tables.conform(synthetic.curves(runs), "curves"),
    }
