"""One made-up study for the tests of what comes after the runs table."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import synthetic
from study.statistics import estimates as statistics
from study.tables import tables


@pytest.fixture(scope="session")
def frames():
    """Tables by name; not to be changed in place."""
    runs = tables.conform(synthetic.runs(), "runs")
    cells = statistics.slowdown(runs, synthetic.OWN_RATES)
    return {
        "runs": runs,
        "slowdown": cells,
        "decomposition": statistics.decomposition(cells),
        "ends": statistics.ends(runs),
        "arrivals": statistics.arrivals(runs),
        "passages": statistics.passages(runs, 40),
        "datasets": tables.conform(synthetic.datasets(6, 3), "datasets"),
        "curves": tables.conform(synthetic.curves(runs), "curves"),
        **{name: tables.conform(getattr(synthetic, name)(), name) for name in synthetic.LATER},
    }


@pytest.fixture(scope="session")
def pictures(frames):
    """Every figure as SVG, by name."""
    return synthetic.pictures(frames)
