"""One made-up study for the tests of everything computed from the runs table."""

from __future__ import annotations

import functools
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import browsers
import once
import synthetic
from study import report
from study.catalogue import TABLES
from study.tables.table import conform


def _frames():
    runs = conform(synthetic.runs(), TABLES["runs"])
    return {
        "runs": runs,
        **synthetic.summaries(runs),
        "datasets": conform(synthetic.datasets(), TABLES["datasets"]),
        "curves": conform(synthetic.curves(runs), TABLES["curves"]),
        **{name: conform(getattr(synthetic, name)(), TABLES[name]) for name in synthetic.LATER},
    }


@pytest.fixture(scope="session")
def frames(tmp_path_factory):
    """Tables by name; not to be changed in place."""
    return once.value(tmp_path_factory, "frames", _frames)


@pytest.fixture(scope="session")
def extreme(frames, tmp_path_factory):
    """The tables of an extreme study by its name in `synthetic.EXTREMES`; not to be changed in place."""

    @functools.cache
    def tables(name):
        keep = synthetic.EXTREMES[name]
        return once.value(tmp_path_factory, f"extreme {name}", lambda: synthetic.subset(frames, keep))

    return tables


@pytest.fixture(scope="session")
def pictures(frames, tmp_path_factory):
    """Every figure as SVG, by name."""
    return once.value(tmp_path_factory, "pictures", lambda: synthetic.pictures(frames))


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
