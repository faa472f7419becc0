"""Size of a report and time a browser takes to open it: `python tests/bench/page.py results/report.html`.

Time runs from the start of the navigation to the first frame after loading, when the explorer is ready; a
fresh browser context each time, so that nothing is cached.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import browsers

DRAWN = """
() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))
"""


def main() -> None:
    path = Path(sys.argv[1]).resolve()
    with browsers.running() as browser:
        times = []
        for _ in range(11):
            page = browser.new_context().new_page()
            page.goto(path.as_uri())
            times.append(page.evaluate(DRAWN) / 1000)
            assert page.locator("#explorer").is_visible()
            page.context.close()
        print(f"Chromium {browser.version}, {path.stat().st_size / 1e6:.2f} MB")
        print(
            f"open and drawn after {statistics.median(times):.2f} s "
            f"(from {min(times):.2f} to {max(times):.2f} s, 11 times)"
        )


if __name__ == "__main__":
    main()
