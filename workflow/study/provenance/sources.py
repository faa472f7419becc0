"""Which source files a module depends on, so that a rule can name them as its inputs.

Snakemake tracks a rule's script, but not what that imports.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import kernels

__all__ = ["sources"]

_FOLDERS = {"study": Path(__file__).parents[1], "kernels": Path(kernels.__file__).parent}


def sources(*modules: str) -> list[str]:
    """Return the files of modules of this package and of all they import from `study` and `kernels`.

    Parameters
    ----------
    *modules
        Names inside `study`, such as ``"sweep"``.

    Returns
    -------
    list of str
        Absolute paths, sorted.
    """
    found: set[Path] = set()
    waiting = [path for module in modules for path in _files("study", module)]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imported(path)
    return sorted(str(path) for path in found)


@cache  # a dozen rules ask for the same files
def _imported(path: Path) -> frozenset[Path]:
    """Return the files of the two packages that the file at `path` imports from."""
    return frozenset(_walk(path))


def _walk(path: Path) -> Iterator[Path]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from study import tables` names a module, `from study.tables.tables import write` does not.
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            package, _, module = name.partition(".")
            if package in _FOLDERS:
                yield from _files(package, module)


def _files(package: str, module: str) -> Iterator[Path]:
    """Yield the files that run when a module is imported: those of the packages it lies in, and its own."""
    folder = _FOLDERS[package]
    for part in ["", *module.split(".")]:
        folder = folder / part
        for candidate in (folder.with_suffix(".py"), folder / "__init__.py"):
            if candidate.is_file():
                yield candidate
