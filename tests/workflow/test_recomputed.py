"""Numbers of a finished study, computed anew without its code; and that a wrong one is found."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import running

pytestmark = pytest.mark.integration
PROGRAM = running.ROOT / "tests" / "independent" / "recompute.py"


def recompute(folder: Path) -> tuple[int, list[str]]:
    """Run the program; return its exit code and the numbers that differ, with the place of each."""
    command = [sys.executable, "-I", str(PROGRAM), str(folder / "results")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.stderr == ""
    return done.returncode, [line for line in done.stdout.splitlines() if line.startswith("!!")]


def test_every_number_computed_anew_is_the_one_that_is_printed(finished: Path) -> None:
    command = [sys.executable, str(PROGRAM), str(finished / "results")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.splitlines()[-1].split()[0]) >= 40
