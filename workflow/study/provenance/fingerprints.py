"""Fingerprints of code and templates, as parameters of rules: a job runs again when one has changed.

A fingerprint is a digest of the syntax trees of a job's adapter and of all it imports from `study` and
`kernels`. What cannot change a result is left out of it: comments, docstrings, layout, imports for type
checkers only, and prose, which is every argument or value annotated with `study.prose.Prose`. So a rule
depends on what its code does, not on when a file was written or how it is worded.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from study import pages
from study.files import digest

__all__ = ["FOLDERS", "contents", "fingerprint", "modules", "templates"]

_STUDY: Final = Path(__file__).parents[1]
FOLDERS: Final = MappingProxyType(
    {
        "study": _STUDY,
        "kernels": _STUDY.parents[1] / "kernels",
        "scripts": _STUDY.parent / "scripts",
    }
)
"""Where the code of a job is, by the first part of a module's name."""

_BOOKKEEPING: Final = "study.job"
"""What every adapter runs in: how a job logs, fails and writes its receipt. No result depends on it."""

_UNWRITTEN: Final = {"ctx", "kind", "type_comment"}
"""Fields of a syntax tree that only repeat what others say."""


def fingerprint(script: str, shows: Collection[str] = ()) -> str:
    """Digest the code that an adapter runs.

    Parameters
    ----------
    script
        Name of a file in `workflow/scripts`, without suffix.
    shows
        Classes and functions by their full name, such as ``"study.figures.style.Entry"``, whose prose the job
        writes into its outputs: that prose counts.

    Returns
    -------
    str
        16 hexadecimal digits, the same on every version of Python that parses the code into the same tree.
    """
    found = hashlib.sha256()
    for name in modules(script):
        found.update(f"{name}\n{_written(name, frozenset(shows))}\n".encode())
    return found.hexdigest()[:16]


def templates(script: str) -> str:
    """Digest the templates that an adapter fills: those whose name is in the code or in another of them."""
    known = {path.name: path.read_text(encoding="utf-8") for path in sorted(pages.TEMPLATES.iterdir())}
    waiting = {text for name in modules(script) for text in _strings(name)} & set(known)
    used = set[str]()
    while waiting:
        name = waiting.pop()
        used.add(name)
        waiting |= (set(re.findall(r"[\w.-]+", known[name])) & set(known)) - used
    return hashlib.sha256("\n".join(f"{name}\n{known[name]}" for name in sorted(used)).encode()).hexdigest()[
        :16
    ]


def contents(files: Iterable[str]) -> dict[str, str]:
    """Digest the user's own files by path; missing ones are left for Snakemake to report."""
    return {path: digest(path) for path in files if Path(path).is_file()}


@cache
def modules(script: str) -> list[str]:
    """Return the full names of all modules that run with an adapter, its own first; see `fingerprint`."""
    found, waiting = set[str](), [f"scripts.{script}"]
    while waiting:
        name = waiting.pop()
        if name not in found and name != _BOOKKEEPING:
            found.add(name)
            waiting += _imported(name)
    return sorted(found)


# --- From names to modules ----------------------------------------------------------------------------------


@cache
def _file(module: str) -> Path | None:
    """Find the file of a module of ours; None if there is no such module."""
    package, *parts = module.split(".")
    if package not in FOLDERS:
        return None
    path = FOLDERS[package].joinpath(*parts)
    candidates = (path / "__init__.py", path.with_suffix(".py"))
    return next((file for file in candidates if file.is_file()), None)


@cache
def _tree(module: str) -> ast.Module:
    """Parse a module, and remove what only readers and type checkers see."""
    file = _file(module)
    assert file is not None, module
    tree = ast.parse(file.read_text(encoding="utf-8"))
    _strip(tree)
    return tree


def _strip(node: ast.AST) -> None:
    """Remove from all blocks inside a module or a statement what does not run."""
    for field in ("body", "orelse", "finalbody", "handlers", "cases"):
        if block := getattr(node, field, None):
            setattr(node, field, [kept for statement in block for kept in _without_comment(statement)])
            for statement in getattr(node, field):
                _strip(statement)


def _without_comment(statement: ast.AST) -> list[ast.AST]:
    """Return what runs of a statement: nothing of a bare string, the other branch of `if TYPE_CHECKING`."""
    if isinstance(statement, ast.Expr) and _is_text(statement.value):
        return []
    if isinstance(statement, ast.If) and ast.unparse(statement.test) in {
        "TYPE_CHECKING",
        "typing.TYPE_CHECKING",
    }:
        return [kept for other in statement.orelse for kept in _without_comment(other)]
    return [statement]


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


@cache
def _nodes(module: str) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(_tree(module)))


@cache
def _strings(module: str) -> frozenset[str]:
    return frozenset(node.value for node in _nodes(module) if _is_text(node))  # type: ignore[attr-defined]


@cache
def _names(module: str) -> dict[str, str]:
    """Return the full names of what a module imports, by the names it uses for them."""
    found = {}
    for node in _nodes(module):
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.name if alias.asname else alias.name.partition(".")[0]
                found[alias.asname or name] = name
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return found


@cache
def _imported(module: str) -> frozenset[str]:
    """Return the modules of ours that run when a module runs, as far as its own text says."""
    found = set[str]()
    for node in _nodes(module):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found |= set(_run_by(alias.name))
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                found |= set(_run_by(f"{node.module}.{alias.name}"))
    for name, target in _names(module).items():
        if _deferred(target):
            found |= {other for used in _used(module, name, target) for other in _run_by(used)}
    return frozenset(found)


def _run_by(target: str) -> Iterator[str]:
    """Yield the modules that run when `target`, a module or a name inside one, is imported."""
    parts = target.split(".")
    for length in range(1, len(parts) + 1):
        name = ".".join(parts[:length])
        if _file(name) is not None:
            yield name
            continue
        package, attribute = ".".join(parts[: length - 1]), parts[length - 1]
        names = _deferred(package)
        chosen = names.values() if attribute == "*" else [names[attribute]] if attribute in names else []
        for other in chosen:
            yield from _run_by(other)
        return


@cache
def _deferred(module: str) -> dict[str, str]:
    """Return what a package imports at first use: modules by attribute, as its `__getattr__` finds them.

    Empty for what is not a package of ours, or has no such function (PEP 562).
    """
    file = _file(module)
    if file is None or file.name != "__init__.py":
        return {}
    body = _tree(module).body
    getter = next(
        (node for node in body if isinstance(node, ast.FunctionDef) and node.name == "__getattr__"), None
    )
    if getter is None:
        return {}
    read = {node.id for node in ast.walk(getter) if isinstance(node, ast.Name)}
    for name, value in (pair for node in body for pair in _assigned(node)):
        if name in read and isinstance(value, ast.Dict):
            # "descent", ".descent" and "kernels.descent" name the same module of the package.
            pairs = ast.literal_eval(value).items()
            return {key: f"{module}.{other.removeprefix(f'{module}.').lstrip('.')}" for key, other in pairs}
    raise AssertionError(f"{module}: __getattr__ reads no dict of names to modules")


def _assigned(node: ast.stmt) -> Iterator[tuple[str, ast.expr | None]]:
    """Yield the names and the value of an assignment."""
    targets = (
        node.targets
        if isinstance(node, ast.Assign)
        else [node.target]
        if isinstance(node, ast.AnnAssign)
        else []
    )
    for target in targets:
        if isinstance(target, ast.Name):
            yield target.id, node.value  # type: ignore[attr-defined]


def _used(module: str, name: str, package: str) -> Iterator[str]:
    """Yield what a module uses of a package it calls `name`; `*` if it does more than name attributes."""
    attributes = {
        node.value: node.attr
        for node in _nodes(module)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == name
    }
    for node in _nodes(module):
        if isinstance(node, ast.Name) and node.id == name:
            yield f"{package}.{attributes.get(node, '*')}"


# --- From trees to text -------------------------------------------------------------------------------------


@cache
def _written(module: str, shows: frozenset[str]) -> str:
    """Write a module's tree as text, without prose except that of `shows`."""
    tree = _tree(module)
    if _deferred(module):
        # Which of these names are used is found in the modules that use them.
        lists = (ast.Dict, ast.List, ast.Tuple)
        kept = [
            node for node in tree.body if not any(isinstance(value, lists) for _, value in _assigned(node))
        ]
        tree = ast.Module(kept, [])
    prose = {part for node in _nodes(module) for part in _prose_in(node, module, shows)}
    return _text(tree, prose)


def _text(value: Any, prose: Collection[ast.AST]) -> str:
    """Write a part of a tree without empty fields, which differ between versions of Python."""
    if isinstance(value, list):
        return f"[{','.join(_text(item, prose) for item in value)}]"
    if not isinstance(value, ast.AST):
        return repr(value)
    if value in prose:
        return "prose"
    fields = ((name, getattr(value, name, None)) for name in sorted(value._fields) if name not in _UNWRITTEN)
    inner = ",".join(
        f"{name}={_text(item, prose)}" for name, item in fields if item is not None and item != []
    )
    return f"{type(value).__name__}({inner})"


def _prose_in(node: ast.AST, module: str, shows: frozenset[str]) -> Iterator[ast.AST]:
    """Yield the expressions directly under a node that only readers see."""
    if isinstance(node, ast.AnnAssign) and node.value is not None and _is_prose(node.annotation):
        yield node.value
    elif isinstance(node, ast.Call):
        called = _called(node.func, module)
        if called in shows:
            return
        names = _prose_parameters(called) if called else ()
        plain = next(
            (i for i, given in enumerate(node.args) if isinstance(given, ast.Starred)), len(node.args)
        )
        yield from (given for i, given in enumerate(node.args[:plain]) if i < len(names) and names[i][1])
        by_name = dict(names)
        yield from (given.value for given in node.keywords if given.arg and by_name.get(given.arg))


def _called(function: ast.expr, module: str) -> str:
    """Return the full name of what is called, if it is ours."""
    if isinstance(function, ast.Name):
        return _defined(_names(module).get(function.id, f"{module}.{function.id}"))
    if isinstance(function, ast.Attribute):
        inner = _called(function.value, module)
        return _defined(f"{inner}.{function.attr}") if inner else ""
    return ""


def _defined(name: str) -> str:
    """Follow a name to where it is defined, through modules that import it."""
    module, _, attribute = name.rpartition(".")
    if not module or _file(name) is not None or _file(module) is None:
        return name
    passed_on = _names(module).get(attribute)
    return _defined(passed_on) if passed_on and passed_on != name else name


@cache
def _prose_parameters(name: str) -> tuple[tuple[str, bool], ...]:
    """Return the parameters of a class or function of ours by position, and whether each is prose."""
    module, _, attribute = name.rpartition(".")
    if _file(module) is None:
        return ()
    for node in _tree(module).body:
        if isinstance(node, ast.FunctionDef) and node.name == attribute:
            return _parameters(node)
        if isinstance(node, ast.ClassDef) and node.name == attribute:
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef) and inner.name == "__init__":
                    return _parameters(inner)[1:]
            fields = [inner for inner in node.body if isinstance(inner, ast.AnnAssign)]
            return tuple((ast.unparse(field.target), _is_prose(field.annotation)) for field in fields)
    return ()


def _parameters(function: ast.FunctionDef) -> tuple[tuple[str, bool], ...]:
    given = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return tuple((argument.arg, _is_prose(argument.annotation)) for argument in given)


def _is_prose(annotation: ast.expr | None) -> bool:
    """Whether an annotation is `Prose`, alone or inside another such as ``ClassVar[Prose]``."""
    return annotation is not None and any(
        isinstance(n, ast.Name) and n.id == "Prose" for n in ast.walk(annotation)
    )
