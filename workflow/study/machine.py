"""Checks of the machine before anything runs, and what Snakemake needs to run on it."""

from __future__ import annotations

import getpass
import os
import resource
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final

from snakemake.script import PythonScript
from snakemake.utils import available_cpu_count

from study.errors import UserError, shortage

__all__ = [
    "check_memory",
    "check_numba",
    "check_place",
    "check_slurm",
    "cores",
    "fitting_cores",
    "name_user",
    "place_code",
    "quote_interpreter",
]

SLURM: Final = ("sbatch", "squeue", "scancel", "sacct")
"""The commands that Snakemake's executor for Slurm calls."""

_CODE: Final = Path(".snakemake/compiled")

ADDRESS_SPACE: Final = 1e9
"""Bytes without which the libraries themselves cannot be loaded."""


def check_memory() -> None:
    """End the process with a message if a memory limit (`ulimit -v`) is too low to load the libraries."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY and limit < ADDRESS_SPACE:
        raise SystemExit(
            f"`ulimit -v` allows a process {limit / 1e9:.1f} GB; "
            f"the libraries alone need {ADDRESS_SPACE / 1e9:.0f} GB"
        )


def check_numba() -> None:
    """End the process with a message if Numba refuses a setting, or the version of another package."""
    try:
        from kernels import code_cache  # noqa: F401, PLC0415  it loads Numba, which needs the memory checked
    except (ValueError, ImportError) as error:
        given = sorted(f"{name}={value}" for name, value in os.environ.items() if name.startswith("NUMBA_"))
        raise SystemExit(
            shortage(error)
            or f"Numba cannot be loaded ({error}). If that names a package, install the versions of "
            f"requirements.lock; else unset what is wrong of: {', '.join(given) or 'no variable NUMBA_...'}"
        ) from None


def cores() -> int:
    """Number of cores that this process may use: a container may be allowed the time of few of them."""
    from joblib import cpu_count  # noqa: PLC0415  it loads NumPy, which needs the memory checked above

    try:
        return int(cpu_count())
    except ValueError:  # LOKY_MAX_CPU_COUNT is not a number, or the system's file of the limit is empty
        return int(available_cpu_count())


def fitting_cores(given: int | None) -> int | None:
    """Cores that Snakemake should use: those given, or what a container is allowed if all were meant.

    Snakemake takes ``all`` for every core that the machine shows, and would run as many jobs at once, each
    with memory of its own, on the time of a few (``docker run --cpus 2``).

    Parameters
    ----------
    given
        The cores Snakemake is to use; None where it needs none.
    """
    return min(given, cores()) if given is not None and given == available_cpu_count() else given


def name_user() -> None:
    """Give the user a name where the system has none (``docker run --user 1234``): Snakemake asks for it."""
    try:
        getpass.getuser()
    except (KeyError, OSError):
        os.environ["USER"] = str(os.getuid())


def place_code(note: Callable[[str], None]) -> None:
    """Let jobs keep compiled code in Snakemake's folder, if the user's own cache cannot be written.

    Else every job would compile anew, and a small study take four times as long without a word.

    Parameters
    ----------
    note
        Takes a line of text for the user.
    """
    from kernels import code_cache  # noqa: PLC0415  it loads Numba, which needs the memory checked above

    usual = code_cache.folder()
    there = next(path for path in (usual, *usual.parents) if path.exists())
    try:
        with TemporaryFile(dir=there) as file:
            file.write(bytes(4096))  # a quota shows only when something is written
    except OSError as error:
        os.environ["NUMBA_CACHE_DIR"] = str(_CODE.resolve())
        note(
            f"{usual}: cannot be written ({error.strerror}); compiled code is kept in {_CODE}. Other folders "
            "share it if NUMBA_CACHE_DIR names one that can be written."
        )


def quote_interpreter(executor: Any) -> None:
    """Make Snakemake quote the path of the Python in use in the commands that it gives to a shell.

    A virtual environment under ``my project/`` fails in the first job without that (issue 2645 of Snakemake).
    Where the path needs no quotes, nothing is changed.

    Parameters
    ----------
    executor
        Class of the executor that will run the jobs.
    """
    starts = hasattr(executor, "get_python_executable")  # the one of a dry run has none: it starts nothing
    if not starts or shlex.quote(sys.executable) == sys.executable:
        return
    execute, interpreter = PythonScript._execute_cmd, executor.get_python_executable

    def execute_quoted(self: PythonScript, command: str, **words: Any) -> Any:
        return execute(self, command.replace("{py_exec} ", "{py_exec:q} "), **words)

    PythonScript._execute_cmd = execute_quoted
    executor.get_python_executable = lambda self: shlex.quote(interpreter(self))


def check_place(repository: Path, prefix: str | None) -> None:
    """Raise `UserError` if Snakemake could not run the rules here.

    Parameters
    ----------
    repository
        Folder of the Snakefile. Snakemake reads braces and angle brackets in the path of a script as
        placeholders.
    prefix
        Prefix of all paths of rules, given by another Snakefile that uses this one as a module.
    """
    if found := set("{}<>") & set(str(repository)):
        raise UserError(
            f"{repository}: Snakemake cannot run from a path with {' or '.join(sorted(found))}; "
            "move the repository to another folder"
        )
    if prefix:
        raise UserError(
            f"module prefix: {prefix!r} is not possible, the study writes below results/ in the folder that "
            "Snakemake runs in; leave the prefix out and give a folder with `snakemake --directory`"
        )


def check_slurm() -> None:
    """Raise `UserError` unless the commands of Slurm are on PATH."""
    if missing := [name for name in SLURM if shutil.which(name) is None]:
        raise UserError(
            f"No Slurm here: {', '.join(missing)} not found on PATH. Run this on a login node of a "
            "cluster with Slurm, or without `--profile profiles/slurm` on this machine alone."
        )
