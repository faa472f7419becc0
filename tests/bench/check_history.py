"""How long the history of 1,000 runs takes to draw and to open: ``python tests/bench/check_history.py``."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from study.benchmarks import history, history_page
from study.benchmarks import runs as benchmarks

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "study"))

import browsers
import recorded


def main() -> None:
    """Print the seconds of each step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(given.runs):
            machine = "slow" if number % 7 == 0 else "fast"
            factor = 1.2 if given.runs * 0.4 < number < given.runs * 0.7 else 1.0
            recorded.store(folder, number, recorded.run(number, machine=machine, factor=factor, noise=0.05))
        begun = time.perf_counter()
        runs, _ = benchmarks.read([folder])
        read = time.perf_counter()
        table = history.table(runs)
        levels = time.perf_counter()
        file = folder / "history.html"
        file.write_text(history_page.page(table, []), encoding="utf-8")
        drawn = time.perf_counter()
        print(
            f"{len(runs)} runs, {table['benchmark'].nunique()} benchmarks, "
            f"page of {file.stat().st_size / 1000:.0f} kB"
        )
        print(f"read {read - begun:.2f} s, table {levels - read:.2f} s, page {drawn - levels:.2f} s")
        with browsers.running() as browser:
            page = browser.new_page()
            messages, requests = [], []
            page.on("console", lambda message: messages.append(message.text))
            page.on("pageerror", lambda error: messages.append(str(error)))
            page.on("request", lambda request: requests.append(request.url))
            begun = time.perf_counter()
            page.goto(file.as_uri(), wait_until="load")
            page.screenshot(path=folder / "page.png")
            opened = time.perf_counter() - begun
            others = [url for url in requests if url != file.as_uri()]
            print(
                f"opened and painted in {opened:.2f} s; console: {len(messages)} messages; "
                f"other requests: {len(others)}"
            )


if __name__ == "__main__":
    main()
