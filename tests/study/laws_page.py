"""The numbers of docs/laws.md, from the code: `python tests/study/laws_page.py` rewrites its tables."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import kernels
from kernels import LOSSES, laws

PAGE = Path(__file__).parents[2] / "docs" / "laws.md"


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A table in Markdown; numbers with four digits."""
    lines = [
        list(head),
        *([cell if isinstance(cell, str) else f"{cell:.4g}" for cell in row] for row in rows),
    ]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def smoothness() -> str:
    """Constants of the losses, and the largest safe steps they leave."""
    largest = LOSSES["bce"].smoothness
    return table(
        ("loss", "largest second derivative", "1/L in units of BCE's"),
        [
            (name, f"{LOSSES[name].smoothness:.7g}", f"{largest / LOSSES[name].smoothness:.5g}")
            for name in ("bce", "mse")
        ],
    )


def escape() -> str:
    """Times of one sample from margin -a to 0."""
    rows = []
    for a in (1, 2, 4, 8, 12, 16, 32):
        bce, mse = (laws.margin_time(-a, 0.0, loss=loss) for loss in ("bce", "mse"))
        rows.append((str(a), bce, mse, f"{mse / bce:.6g}", f"{math.exp(a) / (a + 1):.6g}"))
    return table(("a", "BCE", "MSE", "slowdown", "e^a / (a + 1)"), rows)


def tail() -> str:
    """Times of one sample from margin 0 to a confidence."""
    rows = []
    for e in (0.1, 0.01, 0.001, 0.0001):
        margin = math.log((1 - e) / e)
        bce, mse = (laws.margin_time(0.0, margin, loss=loss) for loss in ("bce", "mse"))
        rows.append((f"{1 - e:g}", bce, mse, mse / bce, 1 / (2 * e)))
    return table(("confidence 1 - e", "BCE", "MSE", "slowdown", "1 / (2 e)"), rows)


def gradients() -> str:
    """Ratio of the population's gradients."""
    scales = (0.5, 1, 2, 4, 8, 16)
    rows = []
    for mu in (0.5, 1, 2, 3, 4, 6):
        ratios = [
            laws.population_gradient(-a, mu, loss="bce") / laws.population_gradient(-a, mu, loss="mse")
            for a in scales
        ]
        rows.append((f"{mu:g}", *ratios))
    return table(("mu", *(f"a = {a:g}" for a in scales)), rows)


def slowdowns() -> str:
    """Predicted slowdown to the Brier target."""
    scales = (0.5, 1, 2, 4, 8, 16, 32)
    rows = []
    for mu in (0.5, 1, 2, 3, 4, 6):
        best = laws.population_scores(2.0 * mu, mu).brier
        target = {"target": "brier", "threshold": best + 0.1 * (0.25 - best)}
        times = [
            [laws.population_passage(-a, mu, loss=loss, **target) for a in scales] for loss in ("mse", "bce")
        ]
        cells = [
            f"{mse / bce:.4g} {laws.regime(a, mu)[0]}" for a, mse, bce in zip(scales, *times, strict=True)
        ]
        rows.append((f"{mu:g}", *cells))
    return table(("mu", *(f"a = {a:g}" for a in scales)), rows)


def samples() -> str:
    """When a sample of 100,000 departs from the law: relative error of its gradient, deviation of path."""
    scales, root = (2, 4, 6, 8, 12, 16), math.sqrt(100_000)
    rows = []
    for mu in (0.5, 1, 2, 3, 4, 6):
        cells = []
        for a in scales:
            spread = laws.population_spread(-a, mu, loss="mse") / root
            cells.append(f"{spread:.2g} / {laws.population_deviation(-a, 0.0, mu, loss='mse') / root:.2g}")
        rows.append((f"{mu:g}", *cells))
    return table(("mu", *(f"a = {a:g}" for a in scales)), rows)


def stalls() -> str:
    """Logits beyond which an update rounds away."""
    rows = []
    for dtype in ("float32", "float64"):
        for rate in (0.01, 1.0, 100.0):
            cells = [
                f"{laws.stall_logit(loss=loss, learning_rate=rate, dtype=dtype):.5g}"
                for loss in ("bce", "mse")
            ]
            rows.append((dtype, f"{rate:g}", *cells))
    return table(("arithmetic", "rate", "BCE", "MSE"), rows)


def _steps(loss: str, a: float, rate: float, optimiser: str) -> int:
    """Steps of a sample x = 1, y = 1 from margin -a to 0, where its Brier score is 1/4."""
    found = kernels.descend(
        [[1.0]], [1], [[-a]], loss=loss, learning_rate=rate, max_steps=10**8, optimiser=optimiser,
        targets={"brier": 0.25},
    )  # fmt: skip
    return int(found.arrival["brier"][0])


def momentum() -> str:
    """Steps from margin -a to 0 with momentum, and what the flow says."""
    rate, rows = 1e-3, []
    for a in (2, 6, 10):
        counts = []
        for loss in ("bce", "mse"):
            flow = laws.margin_time(-a, 0.0, loss=loss) / rate
            steps = _steps(loss, a, rate, "momentum(0.9)")
            counts += [f"{steps:,}", f"{steps / (0.1 * flow):.4f}"]
        gd = [_steps(loss, a, rate, "gd") for loss in ("bce", "mse")]
        found = [int(counts[place].replace(",", "")) for place in (0, 2)]
        rows.append((str(a), *counts, gd[1] / gd[0], found[1] / found[0]))
    head = ("a", "BCE", "over (1 - b) t / r", "MSE", "over (1 - b) t / r")
    return table((*head, "slowdown, gd", "slowdown, momentum"), rows)


def adam() -> str:
    """Steps from margin -a to 0 with Adam, and what section 7 says."""
    rate, rows = 1e-3, []
    for a in (2, 4, 8, 16, 20, 24, 26.5):
        cells = []
        for loss in ("bce", "mse"):
            said = (a + 1e-8 * laws.margin_time(-a, 0.0, loss=loss)) / rate
            steps = _steps(loss, a, rate, "adam")
            cells += [f"{steps:,}", f"{said:,.0f}"]
        slow = int(cells[2].replace(",", "")) / int(cells[0].replace(",", ""))
        rows.append((f"{a:g}", *cells, slow))
    return table(("a", "BCE", "(a + eps t) / r", "MSE", "(a + eps t) / r", "slowdown"), rows)


TABLES: dict[str, Callable[[], str]] = {
    made.__name__: made
    for made in (smoothness, escape, tail, gradients, slowdowns, samples, stalls, momentum, adam)
}


def rendered() -> str:
    """The page with its tables printed again."""
    return re.sub(
        r"(<!-- (\w+) -->\n).*?(<!-- end -->)",
        lambda found: f"{found[1]}{TABLES[found[2]]()}\n{found[3]}",
        PAGE.read_text(encoding="utf-8"),
        flags=re.DOTALL,
    )


if __name__ == "__main__":
    PAGE.write_text(rendered(), encoding="utf-8")
