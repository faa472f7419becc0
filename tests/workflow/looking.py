"""Run commands of Snakemake one after another in a study, and list what each changed in `results/`.

    python looking.py TREE FOLDER '[["--summary"], ["-n", "all"]]'

Each runs in a fork of this process, so that what they all import is imported once. Prints a line of JSON for
each: the exit code, the output, and the files whose bytes or times changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from snakemake.cli import main


def snapshot(results: Path) -> dict[str, Any]:
    """Digest and time of every file and folder."""
    found = {}
    for path in [results, *results.rglob("*")]:
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[str(path.relative_to(results))] = (content, path.stat().st_mtime_ns)
    return found


def forked(words: list[str], output: Path) -> int:
    """Run Snakemake in a fork; return its exit code."""
    child = os.fork()
    if child == 0:
        code = 1
        with output.open("w") as file, contextlib.suppress(BaseException):
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
            sys.argv = ["snakemake", *words]
            try:
                main(words)
            except SystemExit as end:
                code = int(end.code or 0)
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def run(tree: Path, folder: Path, commands: list[list[str]]) -> None:
    """Run them all."""
    import study.figures
    import study.report  # noqa: F401

    os.chdir(tree)
    base = ["--snakefile", str(tree / "Snakefile"), "--profile", str(tree / "profiles" / "default")]
    base += ["--directory", str(folder), "--configfile", str(folder / "tiny.yaml")]
    with tempfile.TemporaryDirectory() as place:
        for words in commands:
            before, output = snapshot(folder / "results"), Path(place, "said")
            code, after = forked([*words, *base], output), snapshot(folder / "results")
            changed = sorted(
                name for name in before.keys() | after.keys() if before.get(name) != after.get(name)
            )
            print(json.dumps({"code": code, "said": output.read_text(), "changed": changed}), flush=True)


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3]))
