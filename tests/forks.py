"""Snakemake in a fork of a process that has imported what it needs, which saves most of the time of a start.

That process has nothing of this project: each fork imports it from where its own environment says, as a
Snakemake of its own would.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path


def snakemake(
    words: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Return what ``python -m snakemake`` gives for some words, in a folder."""
    with tempfile.TemporaryDirectory() as place:
        output, errors = Path(place, "output"), Path(place, "errors")
        order = {
            "words": [*words],
            "folder": str(folder),
            "environment": dict(environment),
            "output": str(output),
            "errors": str(errors),
        }
        server = _server()
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps(order) + "\n")
        server.stdin.flush()
        code = int(server.stdout.readline())
        return subprocess.CompletedProcess([*words], code, output.read_text(), errors.read_text())


@functools.cache
def _server() -> subprocess.Popen[str]:
    server = subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    atexit.register(server.communicate)  # at the end of its input it ends
    return server


def serve() -> None:
    """Fork for each order read; print how the fork ended."""
    for module in IMPORTED:
        __import__(module)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            become(**json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


IMPORTED = (
    *("snakemake.cli", "snakemake.executors.local", "snakemake.script", "snakemake.persistence.file"),
    *("jinja2", "matplotlib.pyplot", "mpmath", "numba", "pandas", "PIL.Image", "psutil", "pyarrow.dataset"),
    *("pydantic", "requests", "scipy.special", "sqlmodel"),
)


def become(words: list[str], folder: str, environment: dict[str, str], output: str, errors: str) -> None:
    """Be the Snakemake of a command line, to the end of the process."""
    for path, number, mode in ((os.devnull, 0, os.O_RDONLY), (output, 1, WRITE), (errors, 2, WRITE)):
        os.dup2(os.open(path, mode), number)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.path[:1] = [folder, *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]
    sys.argv = ["snakemake", *words]
    runpy.run_module("snakemake", run_name="__main__", alter_sys=True)
    sys.exit()


WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC

if __name__ == "__main__":
    serve()
