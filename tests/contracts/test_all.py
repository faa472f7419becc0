"""Every private part of Numba and Snakemake that this code uses has a test in this folder.

What is used is found in the sources; a test names the parts it is about by its mark:
``@pytest.mark.contract("part", ...)``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRIVATE = ("numba.core", "snakemake", "snakemake_interface")
PUBLIC = {"_asdict", "_exit", "_fields", "_make", "_replace"}  # documented, despite their underscore
DOCUMENTED = {"snakemake.utils.update_config"}


def private_parts(text: str) -> Iterator[str]:
    """Yield what a module takes from private packages, and underscored attributes of objects not its own."""
    tree = ast.parse(text)
    own = {name for node in ast.walk(tree) if (name := defined(node))}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith(PRIVATE):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif (
            isinstance(node, ast.Attribute) and re.match("_[^_]", node.attr) and node.attr not in own | PUBLIC
        ):
            yield node.attr


def defined(node: ast.AST) -> str | None:
    """Name that a statement gives to something: a function, a class, or an attribute of `self`."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return node.name
    if (
        isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and ast.unparse(node.value) == "self"
    ):
        return node.attr
    return None


def parts_of_workflow(text: str) -> Iterator[str]:
    """Yield the attributes of `workflow` that a Snakefile uses, and what it imports from Snakemake."""
    yield from re.findall(r"\bworkflow(?:\.[a-z_]\w*)+", text)
    for module, names in re.findall(r"^from (snakemake\S*) import (.+)$", text, re.MULTILINE):
        yield from (f"{module}.{name.strip()}" for name in names.split(","))


def contracts() -> set[str]:
    """The parts that the tests of this folder are about."""
    found = set[str]()
    for path in Path(__file__).parent.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.contract":
                found |= {ast.literal_eval(part) for part in node.args}
    return found


def test_every_private_part_in_use_has_a_contract() -> None:
    used = dict[str, str]()
    for path in (path for folder in ("kernels", "workflow") for path in (ROOT / folder).rglob("*.py")):
        used |= dict.fromkeys(private_parts(path.read_text(encoding="utf-8")), path.name)
    for path in [ROOT / "Snakefile", *(ROOT / "workflow" / "rules").glob("*.smk")]:
        used |= dict.fromkeys(parts_of_workflow(path.read_text(encoding="utf-8")), path.name)
    missing = {part: file for part, file in used.items() if part not in contracts() | DOCUMENTED}
    assert len(used) > 20
    assert not missing, f"add to a test in {Path(__file__).parent.name}/ what is expected of them: {missing}"
    unused = contracts() - used.keys()
    assert not unused, f"nothing uses these any more: {unused}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from numba.core.caching import _Cache", ["numba.core.caching._Cache"]),
        (
            "from snakemake.persistence.file import FilePersistence",
            ["snakemake.persistence.file.FilePersistence"],
        ),
        ("dispatcher._cache = 1", ["_cache"]),
        ("class A:\n    def _f(self): return self._f()", []),
        ("row._asdict()", []),
    ],
)
def test_private_parts_are_found(text: str, found: list[str]) -> None:
    assert list(private_parts(text)) == found


def test_parts_of_snakemake_are_found_in_a_snakefile() -> None:
    text = "from snakemake.a import b, c\nx = workflow.d._e(workflow.f)"
    assert list(parts_of_workflow(text)) == ["workflow.d._e", "workflow.f", "snakemake.a.b", "snakemake.a.c"]
