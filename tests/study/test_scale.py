"""A million run rows from the plan to what the report reads, each step in little memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench" / "aggregation.py"


@pytest.mark.slow
@pytest.mark.parametrize("shape", [[], ["--lean"]])
def test_a_million_rows_are_aggregated_within_a_gigabyte(shape: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, BENCH, "--rows", "1000000", *shape], check=True, capture_output=True, text=True
    )
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines()[2:]]
    peaks = {row[0]: float(row[5].replace(",", "")) for row in rows}
    assert set(peaks) == {"plan", "shards", "collect", "statistics", "report"}
    # The table alone would take 200 MiB in Arrow, and several times that if pandas held it in one piece.
    assert max(peaks.values()) < 1024, peaks
