"""How the package is laid out: what an import loads, no circular imports, public names."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import kernels

FOLDER = Path(kernels.__file__).parent
FILES = sorted(FOLDER.glob("*.py"))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> set[str]:
    """Modules of the package that a file imports when it is loaded."""
    found = set()
    for node in tree(path).body:
        if isinstance(node, ast.ImportFrom) and node.module == "kernels":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module.startswith("kernels."):
            found.add(node.module.split(".")[1])
    return found


def test_no_import_is_circular() -> None:
    reached = {path.stem: imported(path) for path in FILES}
    for _ in FILES:
        reached = {name: found.union(*(reached[other] for other in found)) for name, found in reached.items()}
    assert [name for name, found in reached.items() if name in found] == []
    assert {"vectors", "losses", "registry"} <= reached["descent"]


@pytest.mark.parametrize(
    ("module", "loaded", "left"),
    [
        (
            "losses",
            {"losses", "registry", "jit"},
            {"descent", "flow", "evaluation", "lanes", "models", "optimisers"},
        ),
        ("arithmetic", {"vectors", "jit"}, {"losses", "descent", "flow"}),
        ("descent", {"lanes", "targets", "optimisers"}, {"flow", "evaluation", "laws", "dop853"}),
    ],
)
def test_a_module_loads_what_it_uses(module: str, loaded: set[str], left: set[str]) -> None:
    program = f"import sys, kernels.{module}; print(*(n for n in sys.modules if n.startswith('kernels.')))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=FOLDER.parent, capture_output=True, text=True, check=True
    )
    found = {name.split(".")[1] for name in done.stdout.split()}
    assert loaded <= found
    assert not left & found


def test_public_names_are_those_of_their_modules() -> None:
    for_types = {
        alias.name: node.module
        for block in tree(FOLDER / "__init__.py").body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert for_types == {name: f"kernels.{module}" for name, module in kernels._MODULES.items()}
    assert sorted(for_types) == sorted(kernels.__all__)
    assert set(kernels.__all__) <= set(dir(kernels))
    for name in kernels.__all__:
        assert getattr(kernels, name) is getattr(sys.modules[for_types[name]], name)
    with pytest.raises(AttributeError, match="module 'kernels' has no attribute 'nothing'"):
        kernels.nothing  # noqa: B018
