"""Checks of the machine before anything runs, and what Snakemake needs to run on it."""

from __future__ import annotations

import resource
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any, Final

from snakemake.script import PythonScript

from study.errors import UserError

__all__ = ["check_memory", "check_place", "check_slurm", "quote_interpreter"]

SLURM: Final = ("sbatch", "squeue", "scancel", "sacct")
"""The commands that Snakemake's executor for Slurm calls."""

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
