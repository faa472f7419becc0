"""What a run does first: make sure that no other is at work, and clear away what an interrupted one left.

Snakemake continues after an interruption by itself, with three exceptions. Its lock stays after a SIGKILL;
the jobs of a killed Snakemake live on and keep writing; and it assumes that any file it has a record of is
complete. `claim` and `recover` handle these, and results that were edited or copied from another machine.
"""

from __future__ import annotations

import base64
import fcntl
import os
import shutil
import socket
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, Any, Final

import psutil

from study.errors import UserError
from study.files import digest
from study.provenance import records
from study.provenance.receipts import FOLDER, digests, kept, read_all

__all__ = ["ASIDE", "CLAIM", "claim", "proven", "recover", "without_records"]

_RECORDS = Path(".snakemake")
_RESULTS = Path("results")
ASIDE = _RESULTS / "set-aside"
"""Where results are moved that were edited or damaged, or have no receipt."""

CLAIM = _RECORDS / "claim"
"""The file that a run holds a lock on; written when the run begins."""

_ALLOWED: Final = (
    "allowed: a folder that this user can write to; to continue another user's study, copy its folder "
    "(cp -r), or let both write to it in a group (umask 002)"
)

_held: list[IO[str]] = []  # open as long as this process lives: closing the file would release the lock


def claim() -> None:
    """Claim the folder that Snakemake runs in for this process, as long as it lives.

    The claim is a lock of the operating system on a file (flock): it ends with the process, however that
    ends, and is seen from other machines where the file system supports that. A Snakemake lock that still
    exists was left by a dead process, and is removed.

    Raises
    ------
    UserError
        Another process has the claim, or the folder cannot be written.
    """
    if _held:
        return
    _check_writable()
    file = CLAIM.open("a+", encoding="utf-8")
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
    except OSError:  # a file system without such locks: Snakemake's own lock must suffice
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
        raise UserError(
            f"{_RESULTS}: not a folder; the results of a study are written into a folder of that name"
        )
    if _RESULTS.is_symlink() and not _RESULTS.exists():
        raise UserError(
            f"{_RESULTS}: a link to {_RESULTS.readlink()}, which does not exist; "
            "make that folder (it may have been cleared away), or remove the link"
        )
    try:
        _RESULTS.mkdir(exist_ok=True)
        _RECORDS.mkdir(exist_ok=True)
    except OSError as error:
        raise UserError(f"{error.filename}: cannot be written ({error.strerror})") from None
    inner = [path for top in (_RESULTS, _RECORDS) if os.access(top, os.R_OK) for path in top.iterdir()]
    folders = [path for path in inner if path.is_dir() and path != _RESULTS / "reference"]
    for folder in (_RESULTS, _RECORDS, *folders):
        if not os.access(folder, os.W_OK | os.X_OK):
            raise UserError(f"{folder}: cannot be written; {_ALLOWED}")
    if CLAIM.exists() and not os.access(CLAIM, os.W_OK):
        raise UserError(f"{CLAIM}: cannot be written; {_ALLOWED}")


def recover(rules: Mapping[str, str], note: Callable[[str], None]) -> None:
    """Prepare the results of an interrupted, damaged, edited or copied study for Snakemake to continue.

    Does nothing without the claim. Jobs of a dead Snakemake are ended. Outputs whose bytes do not match their
    receipt, or that have none, are moved to `ASIDE`, so that they are made again and nothing is lost. For all
    others Snakemake's records and the times of the files are set to agree with the receipts.

    Parameters
    ----------
    rules
        Every existing file that a rule writes, relative to the folder that Snakemake runs in, and the name of
        the rule.
    note
        Takes a line of text for the user.
    """
    if not _held:
        return
    _end_orphans(note)
    for leftover in _RESULTS.rglob(".*.tmp"):
        leftover.unlink()
    receipts = read_all()
    whole = proven(rules, receipts)
    known, unfinished, unknown = digests(receipts.values()), _unfinished(), 0
    # Snakemake makes unfinished outputs again; what was kept of them is reused.
    for path in (path for path in rules if path not in unfinished):
        if path in whole:
            kept(path).unlink(missing_ok=True)
            continue
        place = _set_aside(Path(path))
        unknown += path not in known
        if path in known:
            note(
                f"{path}: edited or damaged: not the bytes that were written. Moved to {place}; "
                "made again when needed."
            )
    if unknown:
        note(
            f"{unknown} results have no receipt, so nothing says how they were made. Moved to {ASIDE}; "
            "made again."
        )
    done = {path: value for path, value in whole.items() if path not in unfinished}
    if missing := records.restore(receipts, done, rules):
        note(
            f"{missing} results have no record in {_RECORDS}, but receipts that match them: used as they are."
        )
    records.order(receipts, done)


def proven(paths: Iterable[str], receipts: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return the files whose bytes match their receipt, with their digests."""
    known = digests(receipts.values())
    found = {path: digest(path) for path in paths if path in known and Path(path).is_file()}
    return {path: value for path, value in found.items() if value == known[path]}


def without_records() -> bool:
    """Whether results have receipts here, but Snakemake has no records, as after a copy."""
    return Path(FOLDER).is_dir() and not any((_RECORDS / "metadata").glob("*"))


def _set_aside(path: Path) -> Path:
    """Move an output out of the way, under a name that nothing has yet; return that name."""
    place = ASIDE / path.relative_to(_RESULTS)
    number = 1
    while place.exists():
        place = (ASIDE / path.relative_to(_RESULTS)).with_name(f"{path.stem}.{number}{path.suffix}")
        number += 1
    place.parent.mkdir(parents=True, exist_ok=True)
    return path.replace(place)


def _unfinished() -> set[str]:
    """Outputs of unfinished jobs: for each Snakemake keeps a file, named by base64 of the output's path."""
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
    """Whether a process runs a job's script in this folder; under our claim no living Snakemake has one."""
    try:
        runs_script = any(f"{_RECORDS}/scripts/" in word for word in process.cmdline())
        return runs_script and Path(process.cwd()) == Path.cwd()
    except psutil.Error:
        return False
