"""git with fixed settings, whatever the user has set, and on this project's own repository only.

Errors are reported in git's own words, which name the remedy where there is one.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

from study.errors import UserError

__all__ = ["ROOT", "UNKNOWN", "GitError", "check", "described", "is_shallow", "run"]

ROOT: Final = Path(__file__).resolve().parents[2]
"""The folder of this project: that of the Snakefile."""

UNKNOWN: Final = "unknown"
"""Written in place of a commit that cannot be determined."""

_SETTINGS: Final = (
    "log.showSignature=false",
    "core.quotePath=false",
    "color.ui=false",
    "core.fsmonitor=false",
)

# Set by git for its hooks, or by hand: they would point to another repository, or change what a path means.
_REMOVED: Final = {
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
} | {f"GIT_{kind}_PATHSPECS" for kind in ("LITERAL", "GLOB", "NOGLOB", "ICASE")}


class GitError(UserError):
    """git is missing or failed; the message is git's own, in one line."""


def run(folder: Path, *words: str, text: str = "") -> bytes:
    """Run git and return what it prints.

    Parameters
    ----------
    folder
        Where it runs.
    words
        Its arguments.
    text
        What it reads from its standard input.

    Raises
    ------
    GitError
        There is no git, or it fails.
    """
    settings = [word for setting in _SETTINGS for word in ("-c", setting)]
    kept = {name: value for name, value in os.environ.items() if name not in _REMOVED}
    try:
        done = subprocess.run(  # noqa: S603
            ["git", *settings, "-C", str(folder), *words],  # noqa: S607
            input=text.encode(),
            capture_output=True,
            check=False,
            # Otherwise `git status` would write into the repository.
            env=kept | {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"},
        )
    except FileNotFoundError:
        raise GitError("git is not installed, or not on the PATH") from None
    except (OSError, ValueError) as error:  # a `git` that cannot be started; a null byte in a word
        raise GitError(f"git cannot be run: {error}") from None
    if done.returncode:
        lines = [line.strip() for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
        raise GitError(" ".join(lines) or f"git {words[0]} failed without a message")
    return done.stdout


def check(folder: Path) -> None:
    """Raise GitError unless `folder` is the top of a git repository.

    Otherwise sources unpacked inside another repository would be taken for part of that one.
    """
    top = Path(os.fsdecode(run(folder, "rev-parse", "--show-toplevel").rstrip(b"\n")))
    if not (top.exists() and top.samefile(folder)):
        raise GitError(f"{folder} is not a git repository of its own: it is inside another one, {top}")


def is_shallow(folder: Path) -> bool:
    """Whether the repository at `folder` lacks older commits."""
    return run(folder, "rev-parse", "--is-shallow-repository").strip() == b"true"


def described(folder: Path = ROOT) -> str:
    """Return the short commit checked out in `folder`, with a + if tracked files differ; or `unknown`."""
    try:
        check(folder)
        commit = run(folder, "rev-parse", "--verify", "HEAD").decode()[:12]
        differs = run(
            folder, "status", "--porcelain", "--untracked-files=no"
        )  # `git describe --dirty` would write
    except GitError:
        return UNKNOWN
    return commit + "+" * bool(differs)
