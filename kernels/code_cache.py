"""Compiled code, kept on disk from one process to the next, as compiling it takes seconds.

Numba's own cache does not suit. It checks the file of the outermost function alone, so it would run stale
code after a change in another file that this function uses; it never finds a function that closes over
others, as each loss's loop does; and its index can name another process's code if two write at once. Here a
file's name is a digest of all that the code depends on, and its content is checked before it is run. If a
file cannot be read or written, the function is compiled.

Files are in `NUMBA_CACHE_DIR` if that is set, else in the user's cache folder, under ``mse-versus-bce``. They
may be removed at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import pickle
import platform
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import llvmlite
import numba
from numba.core.bytecode import FunctionIdentity
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from kernels.width import WIDTH

__all__ = ["folder", "keep_code"]

_HERE: Final = Path(__file__).parent
_KEPT_SECONDS: Final = 30 * 86_400  # for the code of other versions
_DIGEST_BYTES: Final = hashlib.sha256().digest_size

# Numba numbers the functions that a process compiles, and distinguishes symbols by these numbers. Code from
# another process would have the same ones, and it is not defined what a linker does with two functions of one
# name.
FunctionIdentity._unique_ids = itertools.count(secrets.randbits(62))


def keep_code(dispatcher: Any, function: Callable[..., Any]) -> Any:
    """Make Numba load a function's code from disk, and save it there; return the function."""
    dispatcher._cache = _Shelf(function)
    return dispatcher


def folder() -> Path:
    """Where the code of this version is kept."""
    named = os.environ.get("NUMBA_CACHE_DIR")
    home = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    return (Path(named) if named else home) / "mse-versus-bce" / _version()


@cache
def _version() -> str:
    """Digest of the sources, of the versions that turn them into code, and of Numba's settings."""
    found = hashlib.sha256()
    for path in sorted(_HERE.glob("*.py")):
        found.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    settings = {key: value for key, value in sorted(os.environ.items()) if key.startswith("NUMBA_")}
    settings.pop("NUMBA_CACHE_DIR", None)
    found.update(
        repr((numba.__version__, llvmlite.__version__, platform.python_version(), settings, WIDTH)).encode()
    )
    return found.hexdigest()[:32]


class _Shelf(_Cache):  # type: ignore[misc]
    """The kept code of one function, by signature and processor; the interface of Numba's caches."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    @property
    def cache_path(self) -> str:
        return str(folder())

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled code for a signature, or None."""
        target_context.refresh()
        path = self._path(sig, target_context)
        payload = _read(path) if path else None
        if payload is None:
            return None
        return CompileResult._rebuild(target_context, *pickle.loads(payload))  # noqa: S301

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the compiled code for a signature."""
        path = self._path(sig, data.target_context)
        if path and not data.library.has_dynamic_globals:  # addresses of this process
            with contextlib.suppress(OSError):
                _write(path, dumps(data._reduce()))

    def _path(self, sig: Any, target_context: Any) -> Path | None:
        """The file of a signature; None for code that depends on more than this package, and is not kept."""
        try:
            parts = (*_describe(self._function), str(sig), *map(str, target_context.codegen().magic_tuple()))
            return folder() / f"{hashlib.sha256(repr(parts).encode()).hexdigest()}.code"
        except (LookupError, RuntimeError):  # a function of another package
            return None

    def enable(self) -> None:
        """Nothing: it is always on."""

    def disable(self) -> None:
        """Nothing: it is always on."""

    def flush(self) -> None:
        """Nothing: code is removed only with its version."""


def _describe(value: Any) -> Iterator[str]:
    """Name a function of this package and all it closes over; constants, and tuples of them, by value."""
    if value is None or isinstance(value, bool | int | float | str):
        yield repr(value)
        return
    if isinstance(value, tuple):
        yield f"tuple of {len(value)}"
        for part in value:
            yield from _describe(part)
        return
    function = getattr(value, "py_func", value)
    code = getattr(function, "__code__", None)
    if code is None or Path(code.co_filename).parent != _HERE:
        raise LookupError(value)
    yield f"{Path(code.co_filename).name}:{code.co_firstlineno}:{function.__qualname__}"
    for cell in function.__closure__ or ():
        yield from _describe(cell.cell_contents)


def _read(path: Path) -> bytes | None:
    """The content of a file, if it is there and whole."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    payload = content[_DIGEST_BYTES:]
    return payload if hashlib.sha256(payload).digest() == content[:_DIGEST_BYTES] else None


def _write(path: Path, payload: bytes) -> None:
    """Write a file atomically; if it is this version's first, remove what other versions left long ago."""
    if not path.parent.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        for other in path.parent.parent.iterdir():
            if time.time() - other.stat().st_mtime > _KEPT_SECONDS:
                shutil.rmtree(other, ignore_errors=True)
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        temporary.write_bytes(hashlib.sha256(payload).digest() + payload)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
