"""One made-up study for the tests of everything computed from the runs table."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import browsers
import synthetic
from study import report
from study.catalogue import TABLES
from study.tables.table import conform


@pytest.fixture(scope="session")
def frames():
    """Tables by name; not to be changed in place."""
    runs = conform(synthetic.runs(), TABLES["runs"])
    return {
        "runs": runs,
        **synthetic.summaries(runs),
        "datasets": conform(synthetic.datasets(), TABLES["datasets"]),
        "curves": conform(synthetic.curves(runs), TABLES["curves"]),
        **{name: conform(getattr(synthetic, name)(), TABLES[name]) for name in synthetic.LATER},
    }


@pytest.fixture(scope="session")
def pictures(frames):
    """Every figure as SVG, by name."""
    return synthetic.pictures(frames)


@pytest.fixture(scope="module")
def browser():
    """A running browser; without one, the test is skipped."""
    with browsers.running() as running:
        yield running


@pytest.fixture(scope="session")
def file(frames, pictures, tmp_path_factory):
    """The report of the made-up study."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(report.page(frames, synthetic.PROVENANCE, pictures), encoding="utf-8")
    return path
