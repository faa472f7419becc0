"""The rooms of the house, and which way the arrows between them run."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
import study

import kernels

ROOT = Path(__file__).parents[1]
STUDY = ROOT / "workflow" / "study"
ALLOWED = {
    "kernels": {"kernels", "numpy", "numba", "llvmlite"},
    "workflow/study": {
        *(
            "kernels",
            "study",
            "numpy",
            "pandas",
            "pyarrow",
            "scipy",
            "sklearn",
            "matplotlib",
            "jinja2",
            "markupsafe",
        ),
        *("PIL", "mpmath", "psutil", "pydantic", "pydantic_core", "pytest", "snakemake", "sympy", "yaml"),
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


ROOMS = (
    *(
        "prose",
        "errors",
        "machine",
        "schema",
        "wording",
        "wrapping",
        "pages",
        "files",
        "git",
        "tables",
        "data",
        "config",
        "runs",
        "statistics",
        "theory",
    ),
    *("claims", "catalogue", "provenance", "job", "figures", "report", "benchmarks", "dictionary"),
)
"""The rooms of `workflow/study`, from the ground up: a module imports from its own room and from those before it."""


def modules_imported(path: Path) -> set[str]:
    """Modules of `study` that a file imports, those for type checkers alone included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            while len(parts) > 1 and not _is_module(parts):
                parts.pop()
            if parts[0] == "study" and len(parts) > 1:
                found.add(".".join(parts[1:]))
    return found


def _is_module(parts: list[str]) -> bool:
    place = STUDY.joinpath(*parts[1:])
    return parts[0] == "study" and (place.with_suffix(".py").is_file() or (place / "__init__.py").is_file())


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(STUDY).with_suffix("").parts).removesuffix(".__init__")


@cache
def study_modules() -> dict[str, set[str]]:
    """Every module of `study` by name, with the modules of `study` that it imports."""
    return {
        module_name(p): modules_imported(p) for p in sorted(STUDY.rglob("*.py")) if p != STUDY / "__init__.py"
    }


def test_every_room_has_its_floor() -> None:
    assert {name.split(".")[0] for name in study_modules()} == set(ROOMS)


@pytest.mark.parametrize("name", study_modules())
def test_no_module_imports_from_a_room_above_its_own(name: str) -> None:
    floor = {room: number for number, room in enumerate(ROOMS)}
    above = {
        other
        for other in study_modules()[name]
        if floor[other.split(".")[0]] > floor[name.split(".", maxsplit=1)[0]]
    }
    assert not above


def test_no_modules_import_each_other_in_a_circle() -> None:
    TopologicalSorter(study_modules()).prepare()  # raises CycleError, which names them


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


def test_every_rule_takes_the_fingerprint_of_its_own_adapter() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    rules = re.split(r"^ *(?:rule|checkpoint)\b.*:$", text, flags=re.MULTILINE)[1:]
    written = [rule for rule in rules if "script:" in rule and re.search(r"^ +output:$", rule, re.MULTILINE)]
    assert len(written) > 10
    for rule in written:
        [script] = re.findall(r"script:\s+\"../scripts/(\w+)\.py\"", rule)
        assert f'code=fingerprint("{script}"' in rule, script


def test_the_packages_are_those_of_this_tree() -> None:
    assert Path(kernels.__file__).parent == ROOT / "kernels"
    assert Path(study.__file__).parent == ROOT / "workflow" / "study"


def test_every_package_is_installed() -> None:
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"][
        "packages"
    ]
    inner = {
        "study." + ".".join(path.parent.relative_to(STUDY).parts) for path in STUDY.glob("*/__init__.py")
    }
    assert set(packages) == {"kernels", "study"} | inner


def test_locks_carry_hashes_and_no_addresses() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text
        pinned = [line for line in text.splitlines() if "==" in line and not line.startswith("#")]
        assert len(pinned) > 50
        assert text.count("--hash=sha256:") >= len(pinned)
