"""Bad configs, extreme configs and damaged files on the real command line; prints a table of the results.

    python tests/reproducibility/abuse.py                       all of it
    python tests/reproducibility/abuse.py --count 5             the first 5 of each kind
    python tests/reproducibility/abuse.py --only "rate 1e6"     one case, by its name
    python tests/reproducibility/abuse.py --kinds bad,damage    some kinds (bad, extreme, damage, disk)

A bad config must be reported in a line or two that name the key, the value and what is allowed, with an exit
code that is not 0 and nothing written; an extreme one must give tables that are right and a page that says
what happened; a damaged file must be named, and the same bytes made again; a full or read-only disk must be
named (both need root). A traceback, a warning, or more than 60 s (extreme: 600 s; --patience makes both
longer, for a machine that is busy) is a failure. Exit code 1 if a case fails.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd
import yaml
from cases import BAD, DAMAGED, DAMAGES, EXTREME, Bad, Extreme
from studies import ROOT, digests, markdown, run, unlike
from study.catalogue import TABLES
from study.config import model as config
from study.data import arrays, samples
from study.data.starts import start
from study.tables import store

from kernels import LOSSES

# By its file: with the folder of the tests on the path, `kernels` would be tests/kernels.
_FILE = importlib.util.spec_from_file_location("naive", ROOT / "tests" / "naive.py")
naive = importlib.util.module_from_spec(_FILE)
_FILE.loader.exec_module(naive)

TWIN_COST = 200_000
"""Sample-steps times columns that a run may have to be made again by its plain-Python twin."""


class Failure(Exception):
    """What a case did wrong."""


PATIENCE = 1.0
"""Factor on all time limits, for a machine that is busy."""


def written(folder: Path) -> list[str]:
    """Result files that exist, without those that the case itself put there."""
    results = folder / "results"
    return (
        [str(path.relative_to(results)) for path in results.rglob("*") if path.is_file()]
        if results.is_dir()
        else []
    )


def message(output: str) -> list[str]:
    """The study's own lines, without those about the profile and config that Snakemake uses."""
    ours = (line for line in output.splitlines() if line.strip())
    return [line for line in ours if not re.match(r"Using (profile|workflow specific)|Config file ", line)]


def ask(folder: Path, target: str, case: Bad | Extreme, timeout: float) -> subprocess.CompletedProcess[str]:
    """Run a case in a folder of its own."""
    fresh(folder)
    for name, make in case.files.items():
        make(folder / name)
    if isinstance(case.config, str):
        return run(folder, target, "--config", case.config, config=None, timeout=timeout * PATIENCE)
    (folder / "case.yaml").write_text(yaml.safe_dump(case.config, allow_unicode=True), encoding="utf-8")
    return run(folder, target, config=folder / "case.yaml", timeout=timeout * PATIENCE)


def refuses(folder: Path, case: Bad) -> str:
    """A bad config: the message."""
    done = ask(folder, "all", case, 60)
    lines = message(done.stdout + done.stderr)
    if done.returncode == 0:
        raise Failure("was accepted")
    if any("Traceback" in line for line in lines):
        raise Failure("a traceback")
    if not 1 <= len(lines) <= 2:
        raise Failure(f"{len(lines)} lines: {lines[:4]}")
    missing = [word for word in case.says if word not in "\n".join(lines)]
    if missing:
        raise Failure(f"does not say {missing}: {lines}")
    if written(folder):
        raise Failure(f"left {written(folder)}")
    return " / ".join(lines)


def survives(folder: Path, case: Extreme) -> str:
    """An extreme config: tables that are right, and a page that says what happened."""
    done = ask(folder, "report", case, 600)
    output = done.stdout + done.stderr
    if done.returncode:
        raise Failure(f"exit code {done.returncode}: {message(output)[-25:]}")
    warned = [line for line in output.splitlines() if "Warning" in line or "Traceback" in line]
    if warned:
        raise Failure(f"warned: {warned[:3]}")
    return right(folder / "results", config.load(case.config), case)


def right(results: Path, chosen: config.Config, case: Extreme) -> str:
    """Recount the tables, recompute some runs with the plain twin, and compare the page with the recount."""
    plan = store.read(TABLES["plan"], results / "plan.parquet")
    runs = store.read(TABLES["runs"], results / "tables" / "runs.parquet")
    keys = runs[["run", "target"]]
    asked = plan.set_index("run")[[f"target_{target}" for target in chosen.targets]].notna()
    expect(len(runs) == asked.sum(axis=None), "a row per run and target that its data have")
    expect(not keys.duplicated().any(), "every run once")
    expect(set(runs["run"]) == set(asked.index[asked.any(axis=1)]), "every run that has a target")
    expect(
        ((runs["status"] == "reached") == (runs["step"] >= 0)).all(), "a step where and only where reached"
    )
    expect(
        (runs["step"] <= runs["max_steps"]).all()
        and (runs["steps_run"] < runs["max_steps"] + chosen.hold).all(),
        "the budget",
    )
    expect(set(runs["status"]) <= case.ends, f"statuses {set(runs['status'])}, expected {set(case.ends)}")
    pairs = plan.groupby("start")
    expect((pairs["loss"].nunique() == len(chosen.losses)).all(), "every loss from every start")
    expect(
        (pairs[["data", "seed", "scale"]].agg("nunique") == 1).all(axis=None), "the same data for both losses"
    )
    twins = sum(
        twin(row, runs, chosen, results)
        for row in plan.sample(min(6, len(plan)), random_state=0).itertuples()
    )
    page = (results / "report.html").read_text(encoding="utf-8")
    counted(results, runs, chosen)
    expect(all(word in page for word in case.says), f"the page says {case.says}")
    expect("<script>alert" not in page and "nan\N{MULTIPLICATION SIGN}" not in page, "a clean page")
    counts = ", ".join(f"{count:,} {status}" for status, count in runs["status"].value_counts().items())
    return f"{len(plan):,} runs: {counts}; {twins} made again by the twin"


def counted(results: Path, runs: pd.DataFrame, chosen: config.Config) -> None:
    """Recount how the runs ended: for the table, at stable rates and above, and for the summary."""
    own_rates = {loss: LOSSES["bce"].smoothness / LOSSES[loss].smoothness for loss in chosen.losses}
    stable = runs["rate"] <= runs["loss"].map(own_rates) * (1 + 1e-9)
    table = store.read(TABLES["ends"], results / "tables" / "ends.parquet")
    said = json.loads((results / "summary.json").read_text(encoding="utf-8"))["ends"]
    by_rate = table[table["target"].isin(chosen.targets)].to_dict("records")
    for place, rows in (("the table", by_rate), ("the summary", said)):
        expect(sum(row["runs"] for row in rows) == len(runs), f"{place} counts every run")
        for row in rows:
            own = (runs["loss"] == row["loss"]) & (runs["target"] == row["target"])
            own &= stable == row["stable"] if "stable" in row else True
            for status in ("reached", "censored", "diverged"):
                expect(
                    row[status] == (runs[own]["status"] == status).sum(),
                    f"{place} counts {status} of {row['loss']} as {row[status]}",
                )


def twin(row: object, runs: object, chosen: config.Config, results: Path) -> int:
    """Make a run again in plain Python and compare; 0 if that would take too long."""
    drawn = arrays.read(results / "data" / "arrays.npz")
    data = samples.sample(drawn, row.data)
    steps = row.max_steps + chosen.hold - 1
    if data.features.size * steps > TWIN_COST:
        return 0
    theta = start(row.initialisation, row.scale, data.aim, row.seed, chosen.seed)
    asked = {name: getattr(row, f"target_{name}") for name in chosen.targets}
    targets = {name: value for name, value in asked.items() if not math.isnan(value)}
    if not targets:
        return 0
    try:
        again = naive.descend(
            data.features, data.labels, theta, row.loss, row.learning_rate, steps, targets, chosen.hold
        )
    except (OverflowError, ValueError):
        return 0
    made = runs[runs["run"] == row.run].set_index("target")
    apart = (made["step"] - made.index.map(again["arrival"])).abs()
    # A rate of 1e6 magnifies rounding errors: there only the outcome can agree, not the step.
    expect(
        row.rate > 10 or (apart <= 1).all(),
        f"run {row.run}: {made['step'].to_dict()}, twin {again['arrival']}",
    )
    return 1


def expect(truth: object, what: str) -> None:
    """Fail the case unless something holds."""
    if not truth:
        raise Failure(f"not so: {what}")


def damage(source: Path, folder: Path, name: str, harm: Callable[[Path], None]) -> str:
    """Damage one file of a finished study; the next run must name it and end in the same bytes."""
    shutil.copytree(finish(source), fresh(folder), dirs_exist_ok=True)
    expected = digests(source)
    harm(folder / "results" / name)
    done = run(folder, "all", timeout=300 * PATIENCE)
    output = done.stdout + done.stderr
    if done.returncode or "Traceback" in output:
        raise Failure(f"exit code {done.returncode}: {message(output)[-6:]}")
    notice = next((line for line in done.stderr.splitlines() if name in line and "damaged" in line), "")
    if not notice and harm.__name__ != "remove":
        raise Failure("not named")
    if unlike(digests(folder), expected):
        raise Failure(f"other bytes: {unlike(digests(folder), expected)}")
    return f"{notice or 'made again where needed'}; same bytes"


def gone_records(source: Path, folder: Path) -> str:
    """Delete Snakemake's records: the receipts prove what is there, and nothing is made again."""
    shutil.copytree(finish(source), fresh(folder), dirs_exist_ok=True)
    shutil.rmtree(folder / ".snakemake")
    done = run(folder, "all", timeout=300 * PATIENCE)
    notice = next((line for line in done.stderr.splitlines() if "have no record in .snakemake" in line), "")
    expect(done.returncode == 0 and notice, message(done.stderr)[-6:])
    expect("Nothing to be done" in done.stderr, "nothing is made again")
    expect(not unlike(digests(folder), digests(source)), "the same bytes")
    return f"{notice} Nothing made again; same bytes"


def mounted(place: Path, *options: str) -> None:
    """Mount something at a place, which needs root."""
    place.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", *options, str(place)], check=True, capture_output=True)


def full_disk(folder: Path) -> str:
    """Let the disk of the results fill up in the middle, then make room and go on."""
    if os.geteuid() != 0:
        return "not tried: mounting takes root"
    results = fresh(folder) / "results"
    mounted(results, "-t", "tmpfs", "-o", "size=96k", "none")
    try:
        done = run(folder, "tables", timeout=300 * PATIENCE)
        output = done.stdout + done.stderr
        notice = next((line for line in output.splitlines() if "No space left" in line), "")
        expect(done.returncode and notice and "Traceback" not in output, message(output)[-6:])
        subprocess.run(["mount", "-o", "remount,size=50m", str(results)], check=True)
        expect(run(folder, "tables", timeout=300 * PATIENCE).returncode == 0, "it goes on when there is room")
        found = digests(folder)
    finally:
        subprocess.run(["umount", str(results)], check=True)
    expected = digests(finish(folder.parent / "finished"))
    expect(all(expected[name] == value for name, value in found.items()), "the same bytes")
    return f"{notice.strip()}; with room again: goes on, same bytes"


def read_only(folder: Path) -> str:
    """Turn the results read-only between two runs."""
    if os.geteuid() != 0:
        return "not tried: mounting takes root"
    results = fresh(folder) / "results"
    mounted(results, "-t", "tmpfs", "-o", "ro", "none")
    try:
        done = run(folder, "tables", timeout=300 * PATIENCE)
    finally:
        subprocess.run(["umount", str(results)], check=True)
    lines = message(done.stdout + done.stderr)
    expect(done.returncode and len(lines) <= 2 and "results: cannot be written" in lines[-1], lines[:5])
    return lines[-1]


def cases(chosen: argparse.Namespace, folder: Path) -> list[tuple[str, str, Callable[[], str]]]:
    """Kind, name and action of the chosen cases."""
    every: dict[str, list[tuple[str, Callable[[], str]]]] = {
        "bad": [(name, partial(refuses, folder / "bad", case)) for name, case in BAD.items()],
        "extreme": [(name, partial(survives, folder / "extreme", case)) for name, case in EXTREME.items()],
        "damage": [
            (f"{name} {word}", partial(damage, folder / "finished", folder / "damaged", name, harm))
            for name in DAMAGED
            for word, harm in DAMAGES.items()
        ],
        "disk": [
            (".snakemake deleted", partial(gone_records, folder / "finished", folder / "damaged")),
            ("a full disk in the middle", partial(full_disk, folder / "full")),
            ("results turned read-only", partial(read_only, folder / "read-only")),
        ],
    }
    return [
        (kind, name, action)
        for kind in chosen.kinds.split(",")
        for name, action in every[kind][: chosen.count]
        if chosen.only is None or name == chosen.only
    ]


def fresh(folder: Path) -> Path:
    """An empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def finish(folder: Path) -> Path:
    """The tiny study, finished once."""
    if not (folder / "results" / "manifest.json").exists():
        done = run(fresh(folder), "all")
        if done.returncode:
            raise SystemExit(done.stderr)
    return folder


def main() -> int:
    """Run the chosen cases and print the result of each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1000, help="cases of each kind, at most")
    parser.add_argument("--kinds", default="bad,extreme,damage,disk")
    parser.add_argument("--only", help="the name of one case")
    parser.add_argument("--folder", type=Path, help="where to work; default: a temporary folder")
    parser.add_argument("--patience", type=float, default=1.0, help="factor on all time limits")
    chosen = parser.parse_args()
    globals()["PATIENCE"] = chosen.patience
    folder = (chosen.folder or Path(tempfile.mkdtemp(prefix="abuse-"))).resolve()
    rows, failures = [], 0
    for kind, name, action in cases(chosen, folder):
        begun = time.monotonic()
        try:
            gave = action()
        except (Failure, subprocess.TimeoutExpired) as error:
            failures += 1
            gave = f"FAILED: {error}"
        rows.append((kind, name, gave.replace(str(folder), "..."), f"{time.monotonic() - begun:.0f} s"))
        print(*rows[-1], sep=" | ", file=sys.stderr, flush=True)
    print(markdown(("kind", "case", "gave", "took"), rows))
    print(f"\n{len(rows)} cases, {failures} failed")
    if chosen.folder is None:
        shutil.rmtree(folder)
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
