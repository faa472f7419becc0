"""Kill the study at random moments and resume it with `snakemake`: no unlocking, no lost shard, same bytes.

    python tests/reproducibility/kills.py                       10 kills of each signal, the smoke study
    python tests/reproducibility/kills.py --tiny --count 1      one of each, the tables of a study of seconds
    python tests/reproducibility/kills.py --signals KILL --seed 7

INT goes to the whole process group, as Ctrl-C in a terminal does; TERM and KILL to Snakemake alone, so that
after a KILL its jobs live on. While the killed study's jobs may still be running, it is started again at
once. A shard is finished if its receipt is there and its files are those of the receipt; it may then not be
computed again. Prints a table; exit code 1 if a run did not go on, a finished shard was computed again, or a
byte differs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from studies import SMOKE, TINY, command, digests, environment, markdown, run, unlike
from study.files import digest
from study.provenance.receipts import kept

SIGNALS = ("INT", "TERM", "KILL")


def target(config: Path) -> str:
    """What is made: all of the smoke study, the tables of the tiny one."""
    return "tables" if config == TINY else "all"


def finished(folder: Path) -> set[str]:
    """Shards with a receipt and the files that it names, in place or under their second name."""
    found = set()
    for path in (folder / "results" / "receipts").glob("sweep.*.json"):
        outputs = json.loads(path.read_text(encoding="utf-8"))["outputs"]
        if all(whole(folder, name, expected) for name, expected in outputs.items()):
            found.add(path.stem.partition(".")[2])
    return found


def whole(folder: Path, name: str, expected: str) -> bool:
    """Whether an output has the bytes of its receipt under one of its names."""
    candidates = (folder / name, kept(folder / name))
    return any(path.exists() and digest(path) == expected for path in candidates)


def computed(folder: Path, since: float) -> set[str]:
    """Shards whose log says that they were computed, not taken over, after a moment."""
    logs = (
        path for path in (folder / "results" / "logs").glob("sweep.*.log") if path.stat().st_mtime > since
    )
    return {
        path.stem.partition(".")[2] for path in logs if "taken over" not in path.read_text(encoding="utf-8")
    }


def jobs(folder: Path) -> list[psutil.Process]:
    """Processes that run a job's script in a folder."""
    found = []
    for process in psutil.process_iter():
        try:
            script = any(".snakemake/scripts/" in word for word in process.cmdline())
            if script and Path(process.cwd()) == folder:
                found.append(process)
        except psutil.Error:
            continue
    return found


def kill_once(folder: Path, config: Path, name: str, after: float) -> float | None:
    """Start the study, send it a signal after some seconds; return when it ended, or None if it was over."""
    started = subprocess.Popen(
        command(folder, target(config), config=config), cwd=folder, env=environment(),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        started.wait(after)
        return None
    except subprocess.TimeoutExpired:
        pass
    number = getattr(signal, f"SIG{name}")
    if name == "INT":
        os.killpg(started.pid, number)
    else:
        os.kill(started.pid, number)
    started.wait()
    return time.time()


def trial(
    folder: Path, config: Path, name: str, after: float, expected: dict[str, str]
) -> tuple[list[object], bool] | None:
    """One kill and one resume: the row and whether all was well; None if the study ended too early."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    ended = kill_once(folder, config, name, after)
    if ended is None:
        return None
    before, orphans = finished(folder), len(jobs(folder))
    done = run(folder, target(config), config=config)
    again = computed(folder, ended) & before
    differing = unlike(digests(folder), expected) if done.returncode == 0 else ["not finished"]
    well = done.returncode == 0 and not again and not differing and not jobs(folder)
    row = [
        name, f"{after:.1f} s", orphans, len(before), len(again),
        "yes" if done.returncode == 0 else f"no: {done.stderr[-200:]}", ", ".join(differing) or "identical",
    ]  # fmt: skip
    return row, well


def refused(folder: Path, config: Path) -> tuple[list[object], bool]:
    """Start a second run during a first: it must be refused in a line or two, the first left undisturbed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with (folder / "first.log").open("w") as log:
        first = subprocess.Popen(
            command(folder, target(config), config=config),
            cwd=folder,
            env=environment(),
            stdout=log,
            stderr=log,
        )
        while first.poll() is None and not (folder / "results" / "receipts").exists():
            time.sleep(0.2)
        second = run(folder, target(config), config=config)
        first.wait()
    refusals = [line for line in second.stderr.splitlines() if "Another snakemake" in line]
    well = second.returncode != 0 and bool(refusals) and first.returncode == 0
    return [
        "a second run",
        "",
        "",
        "",
        "",
        "refused" if well else second.stderr[-300:],
        refusals[0] if refusals else "",
    ], well


def main() -> int:
    """Kill and resume as often as requested."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=10, help="kills of each signal")
    parser.add_argument("--signals", default=",".join(SIGNALS))
    parser.add_argument(
        "--tiny", action="store_true", help="the tables of the tiny study in place of all of the smoke study"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the random moments")
    parser.add_argument("--folder", type=Path, help="where to work; default: a temporary folder")
    chosen = parser.parse_args()
    folder = (chosen.folder or Path(tempfile.mkdtemp(prefix="kills-"))).resolve()
    config = TINY if chosen.tiny else SMOKE
    undisturbed = folder / "undisturbed"
    begun = time.monotonic()
    done = run(undisturbed, target(config), config=config)
    if done.returncode:
        raise SystemExit(done.stderr)
    length = (
        time.monotonic() - begun
        if not (folder / "length").exists()
        else float((folder / "length").read_text())
    )
    (folder / "length").write_text(str(length))
    expected = digests(undisturbed)
    moments = random.Random(chosen.seed)
    rows, well = [], True
    for number in range(chosen.count):
        for name in chosen.signals.split(","):
            killed = None
            while killed is None:
                after = moments.uniform(0.03, 0.97) * length
                killed = trial(folder / "killed", config, name, after, expected)
            row, good = killed
            rows.append([f"{number + 1}", *row])
            well = well and good
            print(*rows[-1], sep=" | ", file=sys.stderr, flush=True)
    row, good = refused(folder / "twice", config)
    rows.append(["", *row])
    head = (
        "kill",
        "signal",
        "after",
        "jobs that lived on",
        "finished shards",
        "computed again",
        "went on",
        "bytes",
    )
    print(markdown(head, rows))
    if chosen.folder is None:
        shutil.rmtree(folder)
    return int(not (well and good))


if __name__ == "__main__":
    sys.exit(main())
