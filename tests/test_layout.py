"""The rooms of the house, and which way the arrows between them run."""

from __future__ import annotations

import ast
import sys
import tomllib
from pathlib import Path

import pytest
import study
from study.provenance.sources import sources

import kernels

ROOT = Path(__file__).parents[1]
STUDY = ROOT / "workflow" / "study"
ALLOWED = {
    "kernels": {"kernels", "numpy", "numba", "llvmlite"},
    "workflow/study": {
        *("kernels", "study", "numpy", "pandas", "pyarrow", "scipy", "sklearn", "matplotlib", "jinja2", "markupsafe"),
        *("mpmath", "psutil", "pydantic", "pydantic_core", "pytest", "sympy", "yaml"),
    },
    "workflow/scripts": {"kernels", "study", "pandas"},
}


def imported(path: Path) -> set[str]:
    """Top-level packages that a file imports, those of the standard library left out."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module)
    return {name.split(".")[0] for name in names} - sys.stdlib_module_names


@pytest.mark.parametrize("room", ALLOWED)
def test_arrows_run_one_way(room: str) -> None:
    files = sorted((ROOT / room).rglob("*.py"))
    assert files
    for path in files:
        assert imported(path) <= ALLOWED[room], path


def test_every_job_that_writes_has_a_receipt() -> None:
    whole = "told(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params)"
    for path in (ROOT / "workflow" / "scripts").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert whole in text or "snakemake.output" not in text, path


def test_the_packages_are_those_of_this_tree() -> None:
    assert Path(kernels.__file__).parent == ROOT / "kernels"
    assert Path(study.__file__).parent == ROOT / "workflow" / "study"


def test_sources_follow_imports_to_the_end() -> None:
    found = {str(Path(path).relative_to(ROOT)) for path in sources("runs.sweep")}
    assert {
        "workflow/study/runs/sweep.py",
        "workflow/study/data/kinds.py",
        "kernels/descent.py",
        "kernels/vectors.py",
    } <= found
    assert not any("report" in name for name in found)
    assert len(sources("runs.sweep", "report")) == len(set(sources("runs.sweep") + sources("report")))


def test_sources_follow_packages_into_their_modules() -> None:
    found = {str(Path(path).relative_to(ROOT)) for path in sources("report")}
    modules = {str(path.relative_to(ROOT)) for name in ("figures", "report") for path in STUDY.glob(f"{name}/*.py")}
    assert len(modules) > 10
    assert modules <= found
    assert "workflow/study/report/__init__.py" not in {str(Path(p).relative_to(ROOT)) for p in sources("figures")}


def test_every_package_is_installed() -> None:
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    inner = {"study." + ".".join(path.parent.relative_to(STUDY).parts) for path in STUDY.glob("*/__init__.py")}
    assert set(packages) == {"kernels", "study"} | inner


def test_locks_carry_hashes_and_no_addresses() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text
        pinned = [line for line in text.splitlines() if "==" in line and not line.startswith("#")]
        assert len(pinned) > 50
        assert text.count("--hash=sha256:") >= len(pinned)
