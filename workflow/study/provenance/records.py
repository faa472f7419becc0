"""Snakemake's records of what outputs were made from, taken from the receipts.

Snakemake keeps its records in `.snakemake`, which does not travel with results, and goes by the times of
files, which a copy changes. A receipt travels with the results and is tied to them by digests. So where the
two differ, the receipt counts: results that were copied here, or whose records were deleted, are made again
only if they would be made from something else.
"""

from __future__ import annotations

import os
import shutil
import zlib
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from snakemake.persistence import RECORD_FORMAT_VERSION, MetadataRecord
from snakemake.persistence.file import FilePersistence

from study.files import digest, replacing

__all__ = ["lend", "order", "restore"]

Receipts = Mapping[str, Mapping[str, Any]]


def restore(receipts: Receipts, proven: Mapping[str, str], rules: Mapping[str, str]) -> int:
    """Write Snakemake's record of every proven output where it is missing or contradicts the receipt.

    Parameters
    ----------
    receipts
        All receipts of a study, by job.
    proven
        Outputs whose bytes are those of their receipt, with their digests.
    rules
        The rule that writes each output.

    Returns
    -------
    int
        How many outputs had no record at all.
    """
    records, missing = FilePersistence(nolock=True), 0
    for path, record in _records(receipts, proven, rules):
        known = records._read_record(path)
        missing += known is None
        if known is None or (known.params, known.input) != (record.params, record.input):
            records._write_record(path, record)
    return missing


def lend(persistence: Any, receipts: Receipts, proven: Mapping[str, str], rules: Mapping[str, str]) -> None:
    """Let Snakemake read from memory what `restore` would write: for a dry run, which writes nothing."""
    lent, own = dict(_records(receipts, proven, rules)), persistence._read_record
    persistence._read_record = lambda path: lent.get(path) or own(path)


def _records(
    receipts: Receipts, proven: Mapping[str, str], rules: Mapping[str, str]
) -> Iterator[tuple[str, MetadataRecord]]:
    """Yield the record of every proven output."""
    for job, receipt in receipts.items():
        for path in (path for path in receipt["outputs"] if path in proven and path in rules):
            made = Path(path).stat().st_mtime
            yield (
                path,
                MetadataRecord(
                    rule=rules[path],
                    input=sorted(receipt["inputs"]),
                    input_checksums={name: f"sha256:{value}" for name, value in receipt["inputs"].items()},
                    params=sorted(repr(value) for value in receipt["params"].values()),
                    log=[],
                    job_hash=zlib.crc32(job.encode()),  # distinguishes jobs in Snakemake's report
                    starttime=made,
                    endtime=made,
                    incomplete=False,
                    record_format_version=RECORD_FORMAT_VERSION,
                ),
            )


def order(receipts: Receipts, proven: Mapping[str, str]) -> None:
    """Set the times of proven outputs so that Snakemake sees which are up to date.

    An output becomes no older than its inputs if they match its receipt, and older than any that does not.
    """
    makers = {path: job for job, receipt in receipts.items() for path in receipt["outputs"]}
    graph = {
        job: {makers[path] for path in receipt["inputs"] if path in makers}
        for job, receipt in receipts.items()
    }
    try:
        jobs = list(TopologicalSorter(graph).static_order())
    except CycleError:  # receipts of different versions of the workflow
        return
    for job in jobs:
        given = {path: expected for path, expected in receipts[job]["inputs"].items() if Path(path).is_file()}
        other = [path for path, expected in given.items() if (proven.get(path) or digest(path)) != expected]
        for path in (path for path in receipts[job]["outputs"] if path in proven):
            _age(path, newer_than=given, older_than=other)


def _age(path: str, newer_than: Mapping[str, str], older_than: list[str]) -> None:
    """Make a file older than some others if there are any, else no older than the rest."""
    now = Path(path).stat().st_mtime_ns
    if older_than:
        bound = min(Path(other).stat().st_mtime_ns for other in older_than)
        time = min(now, bound - 1_000_000_000)
    else:
        time = max([now, *(Path(other).stat().st_mtime_ns for other in newer_than)])
    if time == now:
        return
    try:
        os.utime(path, ns=(time, time))
    except PermissionError:  # the file of another user of a shared folder: a copy of it can be given a time
        with replacing(Path(path)) as copy:
            shutil.copyfile(path, copy)
            os.utime(copy, ns=(time, time))
