"""The same bytes in every environment: run a study in each cell; compare tables, figures, page and summary.

    python tests/reproducibility/matrix.py                       every cell, the smoke study
    python tests/reproducibility/matrix.py --cells cores-1,shards-5
    python tests/reproducibility/matrix.py --folder matrix       keeps the results; another call resumes there

The code is that of the commit, in a clone made for it. Python 3.13 needs an interpreter of that name on the
PATH (or --other-python); its environment is made from requirements.lock. Prints a table; exit code 1 if a
cell differs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from studies import ROOT, SMOKE, TINY, digests, markdown, run, unlike

BASELINE = "baseline"
LONGEST = 4 * 3600  # seconds that a cell may take
LOCALES = ("tr_TR.UTF-8", "de_DE.UTF-8", "C")
NUMPY_FEATURES = (
    "from numpy._core import _multiarray_umath as m;"
    "print(' '.join(f for f in m.__cpu_dispatch__ if m.__cpu_features__.get(f)))"
)
HWCAPS = "glibc.cpu.hwcaps=" + ",".join(
    f"-{name}" for name in ("AVX", "AVX2", "FMA", "FMA4", "AVX512F", "AVX512VL")
)


@dataclass
class Cell:
    """An environment: what is changed, and what may differ in it."""

    what: str
    words: tuple[str, ...] = ()
    changes: dict[str, str] = field(default_factory=dict)
    before: tuple[str, ...] = ()  # made first, so that the jobs run in another order
    other_python: bool = False


def cells() -> dict[str, Cell]:
    """Every cell by name."""
    known = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout
    locale = next((name for name in LOCALES if name.replace("UTF-8", "utf8") in known), "C")
    features = subprocess.run(
        [sys.executable, "-c", NUMPY_FEATURES], capture_output=True, text=True, check=True
    ).stdout
    haswell = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx2,+fma"}
    oldest = {"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": ""}
    libraries = {
        "NPY_DISABLE_CPU_FEATURES": features.strip(),
        "OPENBLAS_CORETYPE": "Prescott",
        "GLIBC_TUNABLES": HWCAPS,
    }
    order = (
        "results/shards/1.runs.parquet",
        "results/figures/survival.svg",
        "results/tables/decomposition.csv",
    )
    return {
        BASELINE: Cell("as it comes", ("all", "--cores", "2")),
        "cores-1": Cell("1 core", ("all", "--cores", "1")),
        "shards-1": Cell("1 shard", ("all", "--config", "shards=1")),
        "shards-5": Cell("5 shards", ("all", "--config", "shards=5")),
        "order": Cell("jobs in another order", ("all", "--cores", "1"), before=order),
        "hashseed": Cell("PYTHONHASHSEED=12345", changes={"PYTHONHASHSEED": "12345"}),
        "locale": Cell(
            f"LC_ALL={locale}, TZ=Asia/Kathmandu", changes={"LC_ALL": locale, "TZ": "Asia/Kathmandu"}
        ),
        "numba-haswell": Cell("NUMBA_CPU_NAME=haswell", changes=haswell),
        "numba-x86-64": Cell("NUMBA_CPU_NAME=x86-64", changes=oldest),
        "numpy": Cell(
            "NPY_DISABLE_CPU_FEATURES=(all)", changes={"NPY_DISABLE_CPU_FEATURES": features.strip()}
        ),
        "openblas-prescott": Cell("OPENBLAS_CORETYPE=Prescott", changes={"OPENBLAS_CORETYPE": "Prescott"}),
        "openblas-haswell": Cell("OPENBLAS_CORETYPE=Haswell", changes={"OPENBLAS_CORETYPE": "Haswell"}),
        "glibc": Cell("GLIBC_TUNABLES without AVX, AVX2, FMA, AVX512", changes={"GLIBC_TUNABLES": HWCAPS}),
        "libraries": Cell(
            "NumPy, OpenBLAS and glibc masked at once, Numba for haswell", changes=libraries | haswell
        ),
        # Without FMA in the processor and in glibc each multiply-add is emulated: a hundred times slower.
        "all-masked": Cell("all processor features masked at once", changes=libraries | oldest),
        "python-3.13": Cell("Python 3.13, its own versions from the lock", other_python=True),
    }


def other_environment(interpreter: str, folder: Path, clone: Path) -> str:
    """Make an environment from the lock with another interpreter; return its Python."""
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([interpreter, "-m", "venv", str(folder)], check=True)
        lock = str(clone / "requirements.lock")
        subprocess.run(
            [str(python), "-m", "pip", "install", "-q", "--require-hashes", "-r", lock], check=True
        )
        (folder / "complete").touch()
    return str(python)


def measure(cell: Cell, folder: Path, clone: Path, config: Path, interpreter: str) -> dict[str, str]:
    """Run the study in a cell and return its digests; those of an earlier call if it had finished."""
    done = folder / "digests.json"
    if done.exists():
        return dict(json.loads(done.read_text(encoding="utf-8")))
    python = (
        other_environment(interpreter, folder.parent / "environment", clone)
        if cell.other_python
        else sys.executable
    )
    for words in ((cell.before,) if cell.before else ()) + (cell.words or ("all",),):
        ended = run(
            folder, *words, config=config, root=clone, python=python, changes=cell.changes, timeout=LONGEST
        )
        if ended.returncode:
            raise SystemExit(f"{cell.what}: the study failed\n{ended.stderr[-3000:]}")
    found = digests(folder)
    done.write_text(json.dumps(found), encoding="utf-8")
    return found


def verdict(found: dict[str, str], expected: dict[str, str], *, tables_only: bool) -> str:
    """Which artifacts differ; with other versions of the libraries only tables are guaranteed."""
    names = unlike(found, expected)
    beyond = [name for name in names if not (tables_only and not name.startswith("tables/"))]
    if beyond:
        return f"differs: {', '.join(beyond)}"
    count = f"{len(expected) - len(names)} artifacts"
    return f"identical ({count})" if not names else f"tables identical ({count}; not {', '.join(names)})"


def main() -> int:
    """Run the chosen cells."""
    every = cells()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--cells", default=",".join(every), help="comma-separated; the baseline is always run"
    )
    parser.add_argument("--folder", type=Path, help="keep results here, and go on from what is there")
    parser.add_argument("--tiny", action="store_true", help="the tiny study in place of the smoke study")
    parser.add_argument("--other-python", default="python3.13", help="interpreter of the cell python-3.13")
    chosen = parser.parse_args()
    folder = (chosen.folder or Path(tempfile.mkdtemp(prefix="matrix-"))).resolve()
    clone = folder / "clone"
    if not clone.exists():
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    config = clone / (TINY if chosen.tiny else SMOKE).relative_to(ROOT)
    names = [BASELINE, *(name for name in chosen.cells.split(",") if name != BASELINE)]
    rows, expected = [], dict[str, str]()
    for name in names:
        begun = time.monotonic()
        found = measure(every[name], folder / name, clone, config, chosen.other_python)
        expected = expected or found
        rows.append(
            (
                name,
                every[name].what,
                verdict(found, expected, tables_only=every[name].other_python),
                f"{time.monotonic() - begun:.0f} s",
            )
        )
        print(rows[-1], file=sys.stderr, flush=True)
    print(markdown(("cell", "what is changed", "against the baseline", "took"), rows))
    if chosen.folder is None:
        shutil.rmtree(folder)
    return int(any(row[2].startswith("differs") for row in rows))


if __name__ == "__main__":
    os.environ.pop("SNAKEMAKE_PROFILE", None)
    sys.exit(main())
