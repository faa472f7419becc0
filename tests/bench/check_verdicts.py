"""Show that comparisons are honest: the same commit against itself, and against deliberate slowdowns.

``python tests/bench/check_verdicts.py`` clones this repository, commits a kernel that does 10% and one that
does 3% more steps than requested, and compares them in the way of `snakemake compare`, 20 times each.
Every session starts new processes; the comparisons of a session share them, not their rounds.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from study.benchmarks import revisions
from study.benchmarks.compare import common, measure, offered, workers
from study.benchmarks.verdicts import Finding, verdicts

ROOT = Path(__file__).parents[2]
BENCHMARKS = ("[kernels-mse-d2]", "[kernels-mse-d8]")
ASKED = "max_steps=work.steps,"
SLOWDOWNS = (0.10, 0.03)
MARGIN = 0.02
IDENTITY = ("-c", "user.name=check", "-c", "user.email=check@localhost", "-c", "commit.gpgsign=false")


def slowed(clone: Path, extra: float) -> str:
    """Commit, on the clone's HEAD, a solver that makes more steps than requested; return the commit."""
    file = clone / "tests" / "bench" / "solvers.py"
    text = file.read_text(encoding="utf-8")
    assert text.count(ASKED) == 1
    file.write_text(text.replace(ASKED, f"max_steps=-int(-{1 + extra} * work.steps // 1),"), encoding="utf-8")
    subprocess.run(
        ["git", "-C", str(clone), *IDENTITY, "commit", "-qam", f"{extra:.0%} more steps"], check=True
    )
    commit = revisions.resolve(clone, "HEAD")
    subprocess.run(["git", "-C", str(clone), "reset", "-q", "--hard", "HEAD~1"], check=True)
    return commit


def session(
    trees: list[Path], processes: int, rounds: int, repeats: int, order: random.Random
) -> dict[str, list]:
    """Seconds of every benchmark, for each repeat: (rounds, processes of all trees), the first tree twice."""
    pairs = [(sys.executable, tree) for tree in (trees[0], *trees) for _ in range(processes)]
    with workers(pairs) as sides:
        names = common(*[offered(side) for side in sides][:2], BENCHMARKS)[0]
        for side in sides:
            side.send(names)
        found = {}
        for name in names:
            found[name] = measure(sides, name, rounds, order, repeats=repeats)
            print(f"measured {name}", file=sys.stderr, flush=True)
    for name, seconds in found.items():
        if isinstance(seconds, str):
            sys.exit(f"{name}: {seconds}")
    return found


def judge(seconds: dict[str, np.ndarray], base: list[int], head: list[int]) -> list[Finding]:
    return list(verdicts({n: (s[:, base], s[:, head]) for n, s in seconds.items()}, margin=MARGIN).values())


def judged(
    session_seconds: dict[str, list], processes: int, order: random.Random
) -> Iterator[dict[str, list]]:
    """Findings of each repeat: for two random halves of one commit's processes, and for each slowdown."""
    for part in range(len(next(iter(session_seconds.values())))):
        seconds = {name: parts[part] for name, parts in session_seconds.items()}
        same = order.sample(range(2 * processes), 2 * processes)
        one, two = same[:processes], same[processes:]
        found = {"the same commit": judge(seconds, one, two)}
        for k, extra in enumerate(SLOWDOWNS):
            slow = [(2 + k) * processes + i for i in range(processes)]
            found[f"{extra:.0%} more steps"] = judge(seconds, one, slow)
        yield found


def main() -> None:
    """Print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=2, help="each with processes of its own (default 2)")
    parser.add_argument(
        "--repeats", type=int, default=10, help="comparisons of each kind in a session (default 10)"
    )
    parser.add_argument("--processes", type=int, default=7, help="of each side (default 7)")
    parser.add_argument("--rounds", type=int, default=15, help="of each comparison (default 15)")
    given = parser.parse_args()
    order = random.Random(0)
    found: dict[str, list[list[Finding]]] = {}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "-q", "--no-hardlinks", str(ROOT), str(clone)], check=True)
        commits = ["HEAD", *(slowed(clone, extra) for extra in SLOWDOWNS)]
        trees = [stack.enter_context(revisions.checked_out(clone, commit)).tree for commit in commits]
        for number in range(given.sessions):
            seconds = session(trees, given.processes, given.rounds, given.repeats, order)
            for findings in judged(seconds, given.processes, order):
                for kind, entry in findings.items():
                    found.setdefault(kind, []).append(entry)
            print(
                f"\nafter session {number + 1} of {given.sessions}: "
                f"{given.processes} processes a side, {given.rounds} rounds"
            )
            summarise(found)


def summarise(found: dict[str, list[list[Finding]]]) -> None:
    """Print what has been found so far."""
    for kind, comparisons in found.items():
        flat = [finding for entry in comparisons for finding in entry]
        ratios = np.array([finding.ratio for finding in flat])
        print(
            f"{kind}: {len(comparisons)} comparisons, "
            f"ratio {np.median(ratios):.3f} [{ratios.min():.3f}, {ratios.max():.3f}]"
        )
        print(
            "  verdicts on benchmarks: "
            + ", ".join(f"{k} {v}" for k, v in Counter(f.verdict for f in flat).items())
        )
        some, every = (
            sum(how(f.verdict == "slower" for f in entry) for entry in comparisons) for how in (any, all)
        )
        if kind == "the same commit":
            false = sum(any(f.verdict in {"slower", "faster"} for f in entry) for entry in comparisons)
            print(f"  comparisons with a false slower or faster: {false}")
        else:
            print(f"  comparisons that call a benchmark slower: {some}; both: {every}")
    print(f"half width of the intervals, median: {_half_width(found):.1%}", flush=True)


def _half_width(found: dict[str, list[list[Finding]]]) -> float:
    widths = [(f.high - f.low) / 2 for entries in found.values() for entry in entries for f in entry]
    return float(np.median(widths))


if __name__ == "__main__":
    main()
