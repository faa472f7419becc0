"""What Snakemake needs of the code at each start, remembered since the last start from the same code.

Reading it from the code takes a second and more: syntax trees are walked, and matplotlib is imported. It is
remembered with a digest of all files of the code, so no edit, not even of a file's time, is overlooked.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

from study.files import replacing
from study.provenance import fingerprints

__all__ = ["drawn", "fingerprint", "templates"]

_PLACE: Final = Path(".snakemake", "remembered.json")
"""In the folder that Snakemake runs in, next to its own records; whoever deletes it loses a second."""


def fingerprint(script: str, shows: Collection[str] = ()) -> str:
    """Return `study.provenance.fingerprints.fingerprint`."""
    name = " ".join(["code", script, *sorted(shows)])
    return str(_remembered(name, lambda: fingerprints.fingerprint(script, shows)))


def templates(script: str) -> str:
    """Return `study.provenance.fingerprints.templates`."""
    return str(_remembered(f"templates {script}", lambda: fingerprints.templates(script)))


def drawn() -> dict[str, dict[str, Any]]:
    """Return the ``title``, the names of the ``tables`` and the ``part`` of every figure by name.

    A part is the figures that are drawn in one job: `study.figures.PARTS`.
    """
    return dict(_remembered("figures", _figures))


def _figures() -> dict[str, dict[str, Any]]:
    from study.figures import FIGURES, PARTS  # noqa: PLC0415  imports matplotlib

    part = {name: part for part, names in PARTS.items() for name in names}
    return {
        name: {"title": entry.title, "tables": list(entry.tables), "part": part[name]}
        for name, entry in FIGURES.items()
    }


def _remembered(name: str, read: Callable[[], Any]) -> Any:
    """Return what is remembered by a name; if nothing is, what `read` returns, and remember that."""
    known = _known(Path.cwd())
    if name not in known:
        known[name] = read()
        # Without room or leave to write, the next start takes as long as this one.
        with suppress(OSError), replacing(_PLACE) as temporary:
            temporary.write_text(json.dumps({"of": _code(), "known": known}), encoding="utf-8")
    return known[name]


@cache
def _known(folder: Path) -> dict[str, Any]:
    """Return what was remembered of this code in a folder; to be added to."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads((folder / _PLACE).read_text(encoding="utf-8"))
        if found["of"] == _code():
            return dict(found["known"])
    return {}


@cache
def _code() -> str:
    """Digest the names and bytes of all files that fingerprints, templates and figures can come from."""
    found = hashlib.sha256(f"{sys.version_info[:2]}\n".encode())
    for name, folder in fingerprints.FOLDERS.items():
        for path in sorted([*folder.rglob("*.py"), *folder.glob("templates/*")]):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            found.update(f"{name}/{path.relative_to(folder)}\n{content}\n".encode())
    return found.hexdigest()
