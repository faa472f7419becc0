"""What a run does before it begins: make sure that it is alone, and clear away what an interrupted one left.

Snakemake goes on after an interruption by itself, but for three things. Its lock stays after a SIGKILL; the jobs of a
killed Snakemake live on and keep writing; and it takes any file that it has a record of for whole. `claim` and
`recover` see to them.
"""

from __future__ import annotations

import base64
import fcntl
import os
import shutil
import socket
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

import psutil

from study.errors import UserError
from study.provenance.receipts import digests, kept, read_all
from study.tables.tables import digest

__all__ = ["claim", "recover"]

_RECORDS = Path(".snakemake")
_RESULTS = Path("results")
_held: list[IO[str]] = []  # open as long as this process lives: closing the file would let go of the lock


def claim() -> None:
    """Claim the folder that Snakemake runs in for this process, as long as it lives.

    The claim is a lock of the operating system on a file (flock): it ends with the process, however that ends, and is
    seen from other machines where the file system can do that. A lock of Snakemake's that is there all the same was
    left by a process that is dead, and is removed.

    Raises
    ------
    UserError
        Another process has the claim, or the folder cannot be written.
    """
    if _held:
        return
    _check_writable()
    path = _RECORDS / "claim"
    file = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        owner = file.read().strip() or "unknown"
        file.close()
        raise UserError(
            f"Another snakemake ({owner}) is at work in {Path.cwd()}: two would write the same files.\n"
            "Wait until it has ended, or stop it."
        ) from None
    except OSError:  # a file system without such locks: Snakemake's own lock has to do
        file.close()
        return
    file.truncate(0)
    file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
    file.flush()
    _held.append(file)
    shutil.rmtree(_RECORDS / "locks", ignore_errors=True)


def _check_writable() -> None:
    """Raise `UserError` unless all folders that a run writes to can be written."""
    if _RESULTS.exists() and not _RESULTS.is_dir():
        raise UserError(f"{_RESULTS}: not a folder; the results of a study are written into a folder of that name")
    try:
        _RESULTS.mkdir(exist_ok=True)
        _RECORDS.mkdir(exist_ok=True)
    except OSError as error:
        raise UserError(f"{error.filename}: cannot be written ({error.strerror})") from None
    for folder in (_RESULTS, *(path for path in _RESULTS.iterdir() if path.is_dir() and path.name != "reference")):
        if not os.access(folder, os.W_OK | os.X_OK):
            raise UserError(
                f"{folder}: cannot be written; allowed: a folder that the user who runs snakemake can write to"
            )


def recover(outputs: Iterable[str], note: Callable[[str], None]) -> None:
    """Bring the results of an interrupted or damaged run into a state that Snakemake can go on from.

    To be called with the claim. Jobs of a dead Snakemake are ended. Outputs whose bytes are not those of their receipt,
    or that have none, are removed, so that they are made again; so are all if Snakemake's records are gone, since then
    it could not tell from which config they came. Finished shards are kept aside for the sweep to take over.

    Parameters
    ----------
    outputs
        All files that rules write, relative to the folder that Snakemake runs in.
    note
        Takes a line of text for the user.
    """
    if not _held:
        return
    _end_orphans(note)
    for path in _RESULTS.rglob(".*.tmp"):
        path.unlink()
    existing = [Path(path) for path in outputs if Path(path).is_file()]
    known, unfinished = digests(read_all().values()), _unfinished()
    if existing and not any((_RECORDS / "metadata").glob("*")):
        note(
            "Snakemake's records (.snakemake) are gone, so results cannot be told to be of this config. Removed, to be "
            "made again; finished shards are taken over if they are what would be made."
        )
        for path in existing:
            _set_aside(path)
        return
    unknown = 0
    for path in existing:
        if str(path) in unfinished:
            continue  # Snakemake makes it again; what was kept of it is taken over
        expected = known.get(str(path))
        if expected is None:
            unknown += 1
            path.unlink()
        elif digest(path) != expected:
            note(f"{path}: damaged: its bytes are not those that were written. Removed, to be made again when needed.")
            path.unlink()
        kept(path).unlink(missing_ok=True)
    if unknown:
        note(f"{unknown} results have no receipt, so they cannot be told to be whole. Removed, to be made again.")


def _set_aside(path: Path) -> None:
    """Remove an output, but keep a shard under its second name."""
    if path.parent.name != "shards":
        path.unlink()
        return
    kept(path).parent.mkdir(exist_ok=True)
    path.replace(kept(path))


def _unfinished() -> set[str]:
    """Outputs of jobs that Snakemake has begun and not noted as finished: a file each, named by base64 of the path."""
    found = set()
    for path in (_RECORDS / "incomplete").glob("*"):
        try:
            found.add(base64.urlsafe_b64decode(path.name).decode())
        except ValueError:
            continue
    return found


def _end_orphans(note: Callable[[str], None]) -> None:
    """End the jobs that a dead Snakemake left running in this folder, and wait until they are gone."""
    orphans = [process for process in psutil.process_iter() if _is_orphan(process)]
    for process in orphans:
        note(f"Ending a job that an interrupted run left behind (process {process.pid}).")
        process.kill()
    psutil.wait_procs(orphans, timeout=30)


def _is_orphan(process: psutil.Process) -> bool:
    """Whether a process runs a job's script from this folder. With the claim, no living Snakemake has any here."""
    try:
        runs_script = any(f"{_RECORDS}/scripts/" in word for word in process.cmdline())
        return runs_script and Path(process.cwd()) == Path.cwd()
    except psutil.Error:
        return False
