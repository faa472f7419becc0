"""Find a browser for the tests; nothing else looks for one. `python tests/browsers.py` prints which it is."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

NAMES = ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser")
"""Debian's, those of hosted runners, and last Ubuntu's, which may only be a pointer to a snap package."""

FLAGS = [
    "--no-sandbox",  # root has none, and CI may be root
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

PATIENCE = 120_000
"""Milliseconds that every page waits for anything: a busy machine has let a save wait longer than 30 s."""


@functools.cache
def find() -> str | None:
    """Return the path of the first browser that can print its version; None without one."""
    for path in filter(None, map(shutil.which, NAMES)):
        if subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0:
            return path
    return None


@contextmanager
def running() -> Iterator[Any]:
    """Yield a running browser, or skip the test with a reason; fail if MSE_BCE_REQUIRE_BROWSER=1."""
    found = find()
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        found = None
    if found is None:
        reason = f"no playwright, or none of {', '.join(NAMES)} on PATH; `apt-get install chromium` gives one"
        (pytest.fail if os.environ.get("MSE_BCE_REQUIRE_BROWSER") == "1" else pytest.skip)(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        browser.on("context", lambda context: context.set_default_timeout(PATIENCE))
        yield browser
        browser.close()


if __name__ == "__main__":
    sys.exit(print(find()) if find() else f"no browser: none of {', '.join(NAMES)} on PATH can be started")
