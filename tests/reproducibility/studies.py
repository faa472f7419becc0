"""Shared by the commands of this folder: run the study as a user does, take digests, print tables."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from study.provenance import manifest

ROOT = Path(__file__).parents[2]
TINY = Path(__file__).parent / "tiny.yaml"
SMOKE = ROOT / "config" / "smoke.yaml"


def command(
    folder: Path, *words: str, config: Path | None = TINY, root: Path = ROOT, python: str = sys.executable
) -> list[str]:
    """The command line of a study in `folder`; targets go first in `words`: --config takes what follows."""
    base = ["--snakefile", str(root / "Snakefile"), "--profile", str(root / "profiles" / "default")]
    configs = ["--configfile", str(config)] if config else []
    targets = list(itertools.takewhile(lambda word: not word.startswith("-"), words))
    options = words[len(targets) :]
    return [python, "-m", "snakemake", *targets, *base, "--directory", str(folder), *configs, *options]


def environment(root: Path = ROOT, **changes: str) -> dict[str, str]:
    """The environment of a study: the packages are those of `root`, whatever is installed."""
    return os.environ | {"PYTHONPATH": f"{root}{os.pathsep}{root / 'workflow'}"} | changes


def run(
    folder: Path,
    *words: str,
    config: Path | None = TINY,
    root: Path = ROOT,
    python: str = sys.executable,
    changes: Mapping[str, str] | None = None,
    timeout: float = 1800,
) -> subprocess.CompletedProcess[str]:
    """Run a study, `words` being a target and options, and return how it ended."""
    folder.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        command(folder, *(words or ("all",)), config=config, root=root, python=python),
        cwd=root,
        env=environment(root, **(changes or {})),
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )


def digests(folder: Path) -> dict[str, str]:
    """Digests of tables, figures, page and summary, by path from ``results/``, as in `snakemake verify`."""
    results = folder / "results"
    files = [
        *results.glob("tables/*"),
        *results.glob("figures/*"),
        *results.glob("report.html"),
        *results.glob("summary.json"),
    ]
    return {str(path.relative_to(results)): manifest.artifact_digest(path) for path in sorted(files)}


def unlike(found: Mapping[str, str], expected: Mapping[str, str]) -> list[str]:
    """Artifacts that differ, or that only one side has."""
    return sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))


def markdown(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(_cell(str(cell)) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Write text for a table: a bar would end the cell, a word in angle brackets would vanish as a tag."""
    return re.sub(r"\||<(?=\w)", r"\\\g<0>", text).replace("\n", " / ")
