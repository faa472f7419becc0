"""Receipts: what a job read, what it wrote, and the digests of both, kept in `results/receipts/`.

A job writes its receipt when all its outputs are in place, so an output with a receipt is complete, and one
whose bytes no longer match its receipt is damaged. Receipts also say what an output was made from: the
manifest is made of them, and a shard that an interrupted run had finished is reused only if it would be made
from the same inputs again.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from study.errors import UserError
from study.files import digest, replacing

__all__ = ["FOLDER", "Receipt", "check", "digests", "kept", "read_all", "versions"]

FOLDER: Final = "results/receipts"
"""Where receipts are kept, relative to the folder that Snakemake runs in."""

PACKAGES: Final = ("numpy", "scipy", "pandas", "pyarrow", "numba", "scikit-learn", "matplotlib", "snakemake")


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that the numbers depend on."""
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in PACKAGES}


class Receipt:
    """The receipt of one job.

    Parameters
    ----------
    job
        Its name, unique in a study, such as ``sweep.0``: the name of its log without suffix.
    inputs, outputs
        Files, relative to the folder that Snakemake runs in.
    params
        What else the outputs depend on, such as the fingerprint of the code; unchanged by JSON.
    """

    def __init__(
        self, job: str, inputs: Iterable[str], outputs: Iterable[str], params: Mapping[str, Any]
    ) -> None:
        self._path = Path(FOLDER) / f"{job}.json"
        self._outputs = [str(path) for path in outputs]
        made_from = {
            "inputs": {path: digest(path) for path in sorted(map(str, inputs))},
            "params": params,
            "versions": versions(),
        }
        self._made_from = json.loads(json.dumps(made_from))
        if self._made_from["params"] != params:
            raise TypeError(f"{job}: JSON would change its parameters, such as a tuple to a list: {params}")

    def write(self) -> None:
        """Write the receipt, atomically; all outputs must be there."""
        record = {"outputs": {path: digest(path) for path in self._outputs}} | self._made_from
        with replacing(self._path) as temporary:
            temporary.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")

    def keep(self) -> None:
        """Give each output a second name, for `take_over` if Snakemake ends before it has recorded the job.

        Snakemake removes outputs that it has not recorded, complete or not.
        """
        for path in self._outputs:
            second = kept(path)
            second.parent.mkdir(exist_ok=True)
            second.unlink(missing_ok=True)
            try:
                second.hardlink_to(path)
            except OSError:  # a file system without hard links
                shutil.copy2(path, second)

    def take_over(self) -> bool:
        """Put kept outputs back if they are complete and made from the same; return whether they are."""
        found = _read(self._path)
        if found is None or {key: found[key] for key in self._made_from} != self._made_from:
            return False
        names = {path: kept(path) for path in self._outputs}
        if any(
            not second.exists() or digest(second) != found["outputs"].get(path)
            for path, second in names.items()
        ):
            return False
        for path, second in names.items():
            second.replace(path)
            os.utime(path)  # no older than its inputs
        return True


def kept(path: str | Path) -> Path:
    """Return the second name of an output; see `Receipt.keep`."""
    return Path(path).parent / ".kept" / Path(path).name


def check(inputs: Iterable[str]) -> None:
    """Raise `UserError` if a file does not match its receipt; files without one (the user's) are skipped."""
    known = digests(read_all().values())
    for path in inputs:
        if str(path) in known and digest(path) != known[str(path)]:
            raise UserError(
                f"{path}: damaged: its bytes are not those that were written.\n"
                "Run the same command again: damaged files are made again first."
            )


def digests(receipts: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """SHA-256 of every output of some receipts, by path."""
    return {path: str(value) for receipt in receipts for path, value in receipt["outputs"].items()}


def read_all() -> dict[str, dict[str, Any]]:
    """Every receipt that can be read, by job; a damaged one counts as missing."""
    pairs = ((path.stem, _read(path)) for path in sorted(Path(FOLDER).glob("*.json")))
    return {job: receipt for job, receipt in pairs if receipt is not None}


def _read(path: Path) -> dict[str, Any] | None:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return record if _has_form(record) else None
    except (OSError, ValueError):
        return None


def _has_form(record: Any) -> bool:
    parts: Iterator[Any] = (record.get(name) for name in ("inputs", "outputs", "params", "versions"))
    return isinstance(record, dict) and all(isinstance(part, dict) for part in parts)
