"""Modules of this folder import one another by name, as they do when `recompute.py` is run as a program."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
