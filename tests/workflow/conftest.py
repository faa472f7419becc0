"""One finished study for all tests of the workflow; tests that change it work on a copy."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import once
import running


def offline() -> list[str]:
    """A prefix that runs a command without network, not even localhost; empty where that is impossible."""
    words = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    try:
        return (
            words
            if subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0
            else []
        )
    except FileNotFoundError:
        return []


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small study run to its end, this worker's own."""

    def run(folder: Path) -> None:
        (folder / "tiny.yaml").write_text(running.TINY)
        # Without a network, so that nothing can depend on one.
        done = running.snakemake(folder, "--configfile", str(folder / "tiny.yaml"), before=offline())
        assert done.returncode == 0, done.stderr

    own = tmp_path_factory.mktemp("finished") / "study"
    return Path(shutil.copytree(once.folder(tmp_path_factory, "study", run), own))


@pytest.fixture
def study(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished study, with its modification times."""
    shutil.copytree(finished, tmp_path / "study")
    return tmp_path / "study"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of this repository, to be edited."""
    return running.copy_of_tree(tmp_path / "tree")
