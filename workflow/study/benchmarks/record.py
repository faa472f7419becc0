"""Record a run of the benchmarks, through pytest-benchmark and into its own storage."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import psutil

from study.benchmarks import revisions
from study.benchmarks.revisions import Revision
from study.errors import UserError

__all__ = ["environment", "record", "require"]

_RECORDER = Path(__file__).with_name("plugin.py")


def record(
    repository: Path, storage: Path, head: str, words: Sequence[str], note: Callable[[str], None]
) -> Path:
    """Run this folder's benchmarks and add a run to a storage.

    Parameters
    ----------
    repository
        The project's folder.
    storage
        Folder of pytest-benchmark's file storage.
    head
        Revision whose kernels are measured, by the benchmarks of this folder; `revisions.WORK_TREE` for the
        kernels of this folder.
    words
        A benchmark is run if its name has one of them, or if there are none.
    note
        Takes a line that a reader must know: changes that are not committed, a machine that is busy.

    Returns
    -------
    Path
        The new file.

    Raises
    ------
    UserError
        The revision is unknown, a benchmark fails, or pytest-benchmark is not installed.
    """
    require("pytest", "pytest_benchmark")
    busy, cores = psutil.getloadavg()[0], psutil.cpu_count() or 1
    if busy > cores / 2:
        note(
            f"the machine is busy (load {busy:.1f}, {cores} cores): the times will be noisy; "
            "the load is recorded with them"
        )
    with revisions.checked_out(repository, head) as revision:
        if revision.problem:
            note(f"{revision.problem}; the run is recorded with an unknown revision")
        if revision.changed:
            note("the work tree has changes that are not committed: the run is marked with a +")
        now = datetime.now(UTC).strftime("%Y%m%d_%H%M%S")
        name = f"{revision.commit}_{now}{'_uncommitted-changes' if revision.changed else ''}"
        command = _command(revision, storage, name, words)
        done = subprocess.run(command, cwd=repository, env=environment(), check=False)  # noqa: S603
    found = sorted(storage.glob(f"*/*_{name}.json"))
    if done.returncode:
        kept = f"; what was measured is kept in {found[-1]}" if found else ""
        raise UserError(f"a benchmark failed, see above{kept}")
    if not found:
        raise UserError(f"no benchmark has one of {list(words)} in its name: nothing was recorded")
    return found[-1]


def _command(revision: Revision, storage: Path, name: str, words: Sequence[str]) -> list[str]:
    """Make the command that measures a revision's kernels and saves the run under a name."""
    command = [sys.executable, "-P", str(_RECORDER), "tests/bench", "-q", "-c", "pyproject.toml"]
    command += ["-o", "addopts=", "-o", f"pythonpath={revision.tree} workflow tests"]
    command += ["--import-mode=prepend", "-p", "no:cacheprovider", f"--measured-tree={revision.tree}"]
    command += [f"--measured-commit={revision.commit}", f"--measured-time={revision.time}"]
    command += ["--measured-dirty"] * revision.changed
    command += [f"--measured-only={word}" for word in words]
    command += [f"--benchmark-storage=file://{storage.resolve()}", f"--benchmark-save={name}"]
    return [*command, "--benchmark-save-data", "--benchmark-columns=median,iqr,rounds"]


def environment() -> dict[str, str]:
    """Return the environment of this process without pytest's variables, set to write no bytecode.

    With the variables of pytest-xdist the benchmarks would refuse to measure, and options from outside would
    change what is measured.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    # Python recognises old bytecode by second and size: an edit of the same length within a second would not
    # be measured.
    return kept | {"PYTHONDONTWRITEBYTECODE": "1"}


def require(*packages: str) -> None:
    """Raise UserError if a package that only benchmarks need is not installed."""
    missing = [name.replace("_", "-") for name in packages if not find_spec(name)]
    if missing:
        raise UserError(f"benchmarks need {' and '.join(missing)}: pip install -r requirements-dev.lock")
