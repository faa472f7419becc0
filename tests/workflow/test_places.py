"""Code from outside the Snakefile's folder is refused, and so is code mixed with another distribution."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import running

pytestmark = pytest.mark.processes

ROOT = running.ROOT


def alone(output: str) -> str:
    """The only line that is the study's own."""
    [line] = [
        line
        for line in output.splitlines()
        if line.strip() and not line.startswith(("Using ", "Config file "))
    ]
    return line


@pytest.mark.parametrize(
    "words", [[], ["-n"], ["--summary"], ["benchmark"], ["history"], ["help"], ["--lint"]]
)
def test_the_code_of_another_tree_is_refused(tree: Path, tmp_path: Path, words: list[str]) -> None:
    done = running.snakemake(tmp_path / "folder", *words, tree=tree, code=ROOT)
    assert done.returncode != 0
    output = alone(done.stderr)
    assert output.startswith(
        f"study: imported from {ROOT / 'workflow' / 'study'}, but this Snakefile is in {tree}"
    )
    assert "pip install --no-deps --no-build-isolation -e ." in output
    assert not (tmp_path / "folder" / "results").exists()


def test_a_mixture_of_two_trees_is_refused(tree: Path) -> None:
    code = os.environ | {"PYTHONPATH": f"{tree}{os.pathsep}{ROOT / 'workflow'}"}
    command = [sys.executable, "-c", "import study"]
    done = subprocess.run(command, cwd=tree.parent, capture_output=True, text=True, check=False, env=code)
    assert done.returncode != 0
    assert f"ImportError: kernels: imported from {tree / 'kernels'}, but study from" in done.stderr


@pytest.mark.parametrize("distribution", ["kernels", "study"])
@pytest.mark.parametrize("package", ["kernels", "study"])
def test_another_distribution_in_the_same_place_is_reported(
    tmp_path: Path, distribution: str, package: str
) -> None:
    for folder in ("kernels", "workflow/study"):
        shutil.copytree(ROOT / folder, tmp_path / Path(folder).name)
    command = [sys.executable, "-c", f"import {package}"]
    code = os.environ | {"PYTHONPATH": str(tmp_path)}
    subprocess.run(command, cwd=tmp_path, check=True, env=code)
    (tmp_path / f"{distribution}-0.1.dist-info").mkdir()
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=code)
    if (package, distribution) == ("kernels", "study"):
        assert done.returncode == 0  # `kernels` alone is intact
        return
    assert f"ImportError: {distribution}: the distribution of that name from the package index" in done.stderr
    assert f"pip uninstall {distribution}" in done.stderr
