"""The manifest of a study, and the comparison with a reference: what differs, and by how much.

The manifest names every artifact with its SHA-256, those of all it was made from, and the fingerprint of the
code that made it. A reference, `results/reference/<study>/`, holds the digests that a study must have, its
summary, and its summary tables as CSV, so that a difference can be traced to a table, a column, rows, and
units in the last place (ulps).

What describes the code or the machine and not the result is not compared: commit, versions and the provenance
section of the report; nor are the plan and the shards, which depend on how many shards there are.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from study.catalogue import TABLES
from study.config.model import Config, load
from study.errors import UserError
from study.files import digest
from study.provenance import containers
from study.provenance.receipts import read_all, versions
from study.tables import store

__all__ = ["artifact_digest", "build", "compare", "folder", "record", "repacked", "ulps"]

_PROVENANCE: Final = {
    "report.html": re.compile(r'<section id="provenance".*?</section>', re.DOTALL),
    "report.md": re.compile(r"^## Provenance\n.*", re.DOTALL | re.MULTILINE),
}
"""In each form of the report, the section that names the code and the versions."""

_NAMED: Final = 3
"""Rows of a table that a message about a column names."""


def build(artifacts: Iterable[str], config: Config, commit: str) -> dict[str, Any]:
    """Make the manifest from the receipts of the jobs.

    Parameters
    ----------
    artifacts
        Files whose origin is recorded: each with its digest, those of the inputs of its job and the
        fingerprint of its code, and the same for those inputs that are themselves artifacts.
    config, commit
        Of the study and of its code.
    """
    by_output = {path: receipt for receipt in read_all().values() for path in receipt["outputs"]}
    waiting, found = sorted(map(str, artifacts)), dict[str, Any]()
    while waiting:
        path = waiting.pop()
        if path in found or path not in by_output:
            continue
        receipt = by_output[path]
        code = {"code": receipt["params"]["code"]} if "code" in receipt["params"] else {}
        found[path] = {"sha256": receipt["outputs"][path], **code, "inputs": receipt["inputs"]}
        waiting += receipt["inputs"]
    return {
        "commit": commit,
        "config": config.model_dump(mode="json"),
        "seed": config.seed,
        "versions": versions(),
        "artifacts": dict(sorted(found.items())),
    }


def folder(config: Config, configs: str | Path, references: str | Path) -> Path:
    """Find the folder of a study's reference, named after the file in `configs` with the same config.

    Raises
    ------
    UserError
        No file has the same config: there is no reference to compare with.
    """
    files = sorted(Path(configs).glob("*.yaml"))
    for path in files:
        if load(yaml.safe_load(path.read_text(encoding="utf-8")) or {}).identity() == config.identity():
            return Path(references) / path.stem
    raise UserError(
        f"No reference for this config; there are references only for {', '.join(p.name for p in files)}"
    )


def record(artifacts: Iterable[str], config: Config, reference: Path) -> None:
    """Write the reference of a study from its results.

    Parameters
    ----------
    artifacts
        Files under ``results/`` to be compared from now on.
    config
        Of the study.
    reference
        Folder of the reference, such as ``results/reference/smoke``. What is in it is replaced.
    """
    shutil.rmtree(reference, ignore_errors=True)
    reference.mkdir(parents=True)
    digests, columns = _measured(artifacts)
    for path in map(Path, digests):
        if path.suffix == ".csv":
            shutil.copyfile(path, reference / path.name)
    (reference / "summary.json").write_text(_summary(Path("results/summary.json")), encoding="utf-8")
    content = {
        "config": config.identity(),
        "versions": versions(),
        "digests": digests,
        "columns": columns,
        "contents": _contents(digests),
    }
    (reference / "digests.json").write_text(
        json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )


def compare(artifacts: Iterable[str], config: Config, reference: Path) -> list[str]:
    """Compare results with their reference.

    Parameters
    ----------
    artifacts, config, reference
        As for `record`.

    Returns
    -------
    list of str
        A line per difference: the artifact, and for a table its columns, rows and ulps. Empty if all is
        identical except the bytes of `repacked` artifacts.

    Raises
    ------
    UserError
        There is no such reference, or it is of another config.
    """
    known = _known(reference)
    if known["config"] != config.identity():
        raise UserError(
            f"{reference}: recorded from another config of that name; `snakemake reference` records it anew"
        )
    digests, columns = _measured(artifacts)
    lines = [f"{path}: not in the reference" for path in sorted(digests.keys() - known["digests"].keys())]
    for path, expected in known["digests"].items():
        if path not in digests:
            lines.append(f"{path}: in the reference, but not made")
        elif digests[path] != expected and _same_content(path, known):
            lines += [] if _repacked(path, known) else [f"{path}: same values, other bytes"]
        elif digests[path] != expected:
            lines += _differences(
                Path(path), reference, columns.get(path, {}), known["columns"].get(path, {})
            )
    if lines:
        lines += [
            f"(version of {name}: {known['versions'].get(name)} in the reference, {version} here)"
            for name, version in versions().items()
            if known["versions"].get(name) != version
        ]
    return lines


def repacked(artifacts: Iterable[str], reference: Path) -> list[str]:
    """Return a line for each artifact with the reference's content in other bytes, packed by another version.

    Parameters
    ----------
    artifacts, reference
        As for `record`.
    """
    known = _known(reference)
    return [
        f"{path}: the same content in other bytes; written by {containers.writer(Path(path))} here, "
        f"by {known['contents'][path]['writer']} in the reference"
        for path in sorted(map(str, artifacts))
        if artifact_digest(Path(path)) != known["digests"].get(path) and _repacked(path, known)
    ]


def _repacked(path: str, known: Mapping[str, Any]) -> bool:
    """Whether an artifact has the reference's content, but was packed by another version."""
    return _same_content(path, known) and known["contents"][path]["writer"] != containers.writer(Path(path))


def _same_content(path: str, known: Mapping[str, Any]) -> bool:
    there = known["contents"].get(path)
    return there is not None and there["sha256"] == containers.content_digest(Path(path))


def _known(reference: Path) -> dict[str, Any]:
    """Read the digests of a reference."""
    try:
        known: dict[str, Any] = json.loads((reference / "digests.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{reference}: no such reference; `snakemake reference` records one") from None
    return {"contents": {}} | known


def _contents(artifacts: Iterable[str]) -> dict[str, dict[str, str]]:
    """Digest of the content, and the writer, of those artifacts whose bytes depend on the writer."""
    found = {
        path: (containers.content_digest(Path(path)), containers.writer(Path(path))) for path in artifacts
    }
    return {
        path: {"sha256": sha, "writer": writer} for path, (sha, writer) in found.items() if sha and writer
    }


def _measured(artifacts: Iterable[str]) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Digests of artifacts, and of the columns of those that are parquet, by path."""
    paths = sorted(map(str, artifacts))
    return {path: artifact_digest(Path(path)) for path in paths}, {
        path: containers.columns(Path(path)) for path in paths if path.endswith(".parquet")
    }


def artifact_digest(path: Path) -> str:
    """SHA-256 of a file, without what describes the code or the machine."""
    if path.name in _PROVENANCE:
        text = _PROVENANCE[path.name].sub("", path.read_text(encoding="utf-8"))
        return hashlib.sha256(text.encode()).hexdigest()
    if path.name == "summary.json":
        return hashlib.sha256(_summary(path).encode()).hexdigest()
    return digest(path)


def _summary(path: Path) -> str:
    """Text of a summary without its commit and versions."""
    content = json.loads(path.read_text(encoding="utf-8"))
    kept = {key: value for key, value in content.items() if key not in {"commit", "versions"}}
    return json.dumps(kept, indent=1) + "\n"


def _differences(
    path: Path, reference: Path, columns: Mapping[str, str], known: Mapping[str, str]
) -> list[str]:
    """Say how an artifact with another digest differs."""
    if path.suffix == ".csv":
        here, there = (
            store.read(TABLES[path.stem], path),
            store.read(TABLES[path.stem], reference / path.name),
        )
        return _table_differences(path, here, there) or [f"{path}: same values, other bytes"]
    if path.suffix == ".parquet":
        names = [name for name in known.keys() | columns.keys() if known.get(name) != columns.get(name)]
        text = f"column {', '.join(sorted(names))} differs" if names else "same values, other bytes"
        return [f"{path}: {text}"]
    if path.name == "summary.json":
        here_flat, there_flat = (
            _flat(json.loads(text))
            for text in (_summary(path), (reference / path.name).read_text(encoding="utf-8"))
        )
        keys = [
            key for key in here_flat.keys() | there_flat.keys() if here_flat.get(key) != there_flat.get(key)
        ]
        return [
            f"{path}: {key} is {here_flat.get(key)!r} here, {there_flat.get(key)!r} in the reference"
            for key in sorted(keys)
        ]
    return [f"{path}: differs"]


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    """Values of nested mappings and lists by their dotted path."""
    items = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    )
    if items is None:
        return {prefix: value}
    return {
        path: leaf for key, item in items for path, leaf in _flat(item, f"{prefix}.{key}".lstrip(".")).items()
    }


def _table_differences(path: Path, here: pd.DataFrame, there: pd.DataFrame) -> list[str]:
    """A line per column that differs, with rows and ulps; and one for rows that only one side has."""
    key = list(TABLES[path.stem].key)
    joined = here.merge(there, on=key, how="outer", suffixes=("", " there"), indicator=True)
    lines = []
    for side, words in (
        ("left_only", "not in the reference"),
        ("right_only", "in the reference, but not made"),
    ):
        rows = joined[joined["_merge"] == side]
        if len(rows):
            lines.append(f"{path}: {len(rows)} rows {words}; {_rows(rows, key)}")
    both = joined[joined["_merge"] == "both"]
    for column in (name for name in here if name not in key):
        ours, theirs = both[column], both[f"{column} there"]
        unlike = ~((ours == theirs) | (ours.isna() & theirs.isna()))
        if unlike.any():
            rows = both[unlike]
            apart = ""
            if ours.dtype == np.float64:
                distance = ulps(ours[unlike].to_numpy(), theirs[unlike].to_numpy()).max()
                apart = (
                    ", by infinitely many ulps" if np.isinf(distance) else f", by up to {distance:.0f} ulps"
                )
            first = f"{ours[unlike].iloc[0]!r} here, {theirs[unlike].iloc[0]!r} in the reference"
            lines.append(
                f"{path}: column {column} differs in {len(rows)} rows{apart} ({first}); {_rows(rows, key)}"
            )
    return lines


def _rows(rows: pd.DataFrame, key: list[str]) -> str:
    """Name the first of some rows by their key."""
    named = [" ".join(f"{name}={row[name]}" for name in key) for _, row in rows.head(_NAMED).iterrows()]
    return "; ".join(named) + ("; ..." if len(rows) > _NAMED else "")


def ulps(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Units in the last place between numbers, elementwise: how many floats lie from one to the other.

    Infinite where one is nan or infinite and the other is not; 0 where both are the same, nan included.
    """
    # As integers, floats of one sign are in order; the negative ones are reversed to meet them at zero.
    whole = [x.astype(np.float64).view(np.int64).astype(object) for x in (a, b)]
    ordered = [np.array([i if i >= 0 else -(i + 2**63) for i in x], dtype=object) for x in whole]
    distance = np.array([abs(i - j) for i, j in zip(*ordered, strict=True)], dtype=np.float64)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    return np.where(same, 0.0, np.where(np.isfinite(a) & np.isfinite(b), distance, np.inf))
