"""What a machine may lack or do differently, found before anything runs, and what Snakemake needs to run on it."""

from __future__ import annotations

import shlex
import sys
from typing import Any

from snakemake.executors import local
from snakemake.script import PythonScript
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

__all__ = ["quote_interpreter"]


def quote_interpreter() -> None:
    """Make Snakemake quote the path of the Python in use in the commands that it gives to a shell.

    A virtual environment under ``my project/`` fails in the first job without that (issue 2645 of Snakemake). Where the
    path needs no quotes, nothing is changed.
    """
    if shlex.quote(sys.executable) == sys.executable:
        return
    execute = PythonScript._execute_cmd

    def execute_quoted(self: PythonScript, command: str, **words: Any) -> Any:
        return execute(self, command.replace("{py_exec} ", "{py_exec:q} "), **words)

    PythonScript._execute_cmd = execute_quoted
    for executor in (local.Executor, RemoteExecutor):
        executor.get_python_executable = _quoted(executor.get_python_executable)


def _quoted(path: Any) -> Any:
    return lambda executor: shlex.quote(path(executor))
