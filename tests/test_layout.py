"""The layers of the code, which may import which, and how long files, functions and lines may be."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
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
        "kernels", "study", "numpy", "pandas", "pyarrow", "scipy", "sklearn", "matplotlib", "jinja2",
        "joblib", "markupsafe", "PIL", "mpmath", "psutil", "pydantic", "pydantic_core", "pytest", "snakemake",
        "sympy", "yaml",
    },
    "workflow/scripts": {"kernels", "study", "pandas"},
}  # fmt: skip
"""Packages outside of the standard library that the files of a folder may import."""


def imported(path: Path) -> set[str]:
    """Top-level packages that a file imports, without those of the standard library."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module)
    return {name.split(".")[0] for name in names} - sys.stdlib_module_names


LAYERS = (
    "prose", "errors", "machine", "schema", "wording", "wrapping", "pages", "files", "git", "tables", "data",
    "config", "runs", "statistics", "methods", "experiments", "theory", "sensitivity", "estimate", "claims",
    "catalogue", "provenance", "job", "figures", "remembered", "report", "benchmarks", "dictionary",
)  # fmt: skip
"""Packages and modules of `workflow/study`, lowest first: each may import from itself and from lower ones."""


def modules_imported(path: Path) -> set[str]:
    """Modules of `study` that a file imports, including those only for type checkers."""
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


def test_every_module_is_in_a_layer() -> None:
    assert {name.split(".")[0] for name in study_modules()} == set(LAYERS)


@pytest.mark.parametrize("name", study_modules())
def test_no_module_imports_from_a_layer_above_its_own(name: str) -> None:
    level = {layer: number for number, layer in enumerate(LAYERS)}
    above = {
        other
        for other in study_modules()[name]
        if level[other.split(".")[0]] > level[name.split(".", maxsplit=1)[0]]
    }
    assert not above


def test_no_import_is_circular() -> None:
    TopologicalSorter(study_modules()).prepare()  # raises CycleError, which names them


@pytest.mark.parametrize("folder", ALLOWED)
def test_a_folder_imports_only_what_it_may(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files
    for path in files:
        assert imported(path) <= ALLOWED[folder], path


def test_every_job_that_writes_has_a_receipt() -> None:
    call = "job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params)"
    for path in (ROOT / "workflow" / "scripts").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert call in text or "snakemake.output" not in text, path


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


SUFFIXES = {".py", ".md", ".smk", ".yaml", ".yml", ".toml", ".html", ".js", ".css"}
GENERATED = {"docs/tables.md", "docs/config.md", "docs/claims.md"}
ANSWER = re.compile(r"<!-- The answer: made by .*?<!-- End of the answer\. -->", re.DOTALL)
FENCED = re.compile(r"^ *(```|~~~).*?^ *\1 *$", re.DOTALL | re.MULTILINE)


@cache
def tracked() -> list[str]:
    """The files of the repository, as git knows them."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("only git knows which files belong to the repository")
    return [name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def functions(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every function of a module, with its number of lines after the docstring."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[ast.get_docstring(node) is not None :]
            assert node.end_lineno
            yield node.name, node.end_lineno - body[0].lineno + 1 if body else 0


def test_modules_and_functions_are_short() -> None:
    long_modules, long_functions = {}, {}
    for name in tracked():
        if name.endswith(".py") and name.startswith(("workflow/", "kernels/")):
            text = (ROOT / name).read_text(encoding="utf-8")
            if len(text.splitlines()) > 400:
                long_modules[name] = len(text.splitlines())
            long_functions |= {f"{name}:{own}": size for own, size in functions(ast.parse(text)) if size > 50}
    assert long_modules == {}
    assert long_functions == {}


def long_lines(name: str) -> list[str]:
    """Lines of a file that are too long, as ``path:number: length``.

    In Markdown, tables, fenced code, lines with a link and the generated part of the README may be longer.
    """
    text = (ROOT / name).read_text(encoding="utf-8")
    if name.endswith(".md"):
        for part in (ANSWER, FENCED):
            text = part.sub(lambda found: "\n" * found[0].count("\n"), text)
    return [
        f"{name}:{number}: {len(line)}"
        for number, line in enumerate(text.split("\n"), 1)
        if len(line) > 110
        and "://" not in line
        and not (name.endswith(".md") and (line.lstrip().startswith("|") or "](" in line))
    ]


def test_no_line_is_longer_than_110_columns() -> None:
    names = [name for name in tracked() if Path(name).suffix in SUFFIXES and name not in GENERATED]
    assert [line for name in names for line in long_lines(name)] == []
