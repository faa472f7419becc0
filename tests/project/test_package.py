"""A source distribution that can run the study, and a wheel whose kernels need two packages."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from study.benchmarks import revisions

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]
FOR_KERNELS = ("numpy", "numba", "llvmlite")
DESCENT = """
import sys
from importlib.util import find_spec
import numpy as np
import kernels

rng = np.random.default_rng(0)
features = rng.normal(size=(50, 2))
labels = (features[:, 0] > 0).astype(float)
found = kernels.descend(features, labels, np.zeros((1, 2)), loss="mse", learning_rate=1.0, max_steps=500,
                        targets={"accuracy": 0.9})
assert found.first_passage["accuracy"][0] >= 0
assert find_spec("pandas") is None and find_spec("scipy") is None
print(kernels.__file__)
"""


def run(*command: str | Path, cwd: Path | None = None, **variables: str) -> str:
    """What a command prints; it must succeed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | variables
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def tracked() -> list[str]:
    """The files of the repository."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("only git knows which files belong to the repository")
    return [name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def build(what: str, tree: Path, folder: Path) -> Path:
    """Build a distribution of a tree, as pip would, with the setuptools of this environment."""
    folder.mkdir()
    code = f"import sys; from setuptools import build_meta; print(build_meta.build_{what}(sys.argv[1]))"
    run(sys.executable, "-c", code, folder, cwd=tree)
    (found,) = folder.iterdir()
    return found


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked source distribution, made where there is no git."""
    folder = tmp_path_factory.mktemp("package")
    for name in tracked():
        copy = folder / "tree" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy)
    with tarfile.open(build("sdist", folder / "tree", folder / "sdist")) as archive:
        archive.extraction_filter = revisions.DATA_FILTER
        archive.extractall(folder / "unpacked")
    (unpacked,) = (folder / "unpacked").iterdir()
    return unpacked


def test_the_source_distribution_has_every_file_of_the_repository(source: Path) -> None:
    missing = [name for name in tracked() if not (source / name).is_file()]
    assert not missing, "add them to MANIFEST.in"


def test_the_source_distribution_can_run_the_study(source: Path) -> None:
    path = os.pathsep.join([str(source), str(source / "workflow")])
    words = ["-m", "snakemake", "-n", "--configfile", "config/smoke.yaml"]
    output = run(sys.executable, *words, cwd=source, PYTHONPATH=path)
    assert "sweep" in output
    assert "This was a dry-run" in output


def test_the_kernels_of_the_wheel_work_with_numpy_and_numba_alone(source: Path, tmp_path: Path) -> None:
    wheel = build("wheel", source, tmp_path / "wheel")
    run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    for name in FOR_KERNELS:
        files = metadata.files(name)
        assert files is not None
        for top in {file.parts[0] for file in files} - {".."}:
            (site / top).symlink_to(Path(str(metadata.distribution(name).locate_file(top))))
    run(sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", site, wheel)
    printed = run(python, "-I", "-c", DESCENT, cwd=tmp_path, NUMBA_CACHE_DIR=str(tmp_path / "compiled"))
    assert Path(printed.strip()).is_relative_to(site)


def test_the_wheel_has_every_module_and_requires_two_packages(source: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(build("wheel", source, tmp_path / "wheel")) as wheel:
        names = set(wheel.namelist())
        described = Parser().parsestr(wheel.read(next(n for n in names if n.endswith("/METADATA"))).decode())
    for folder, package in (("kernels", "kernels"), ("workflow/study", "study")):
        wanted = {str(path.relative_to(ROOT / folder)) for path in (ROOT / folder).rglob("*.py")}
        assert {f"{package}/{name}" for name in wanted} <= names
        assert f"{package}/py.typed" in names
    assert any(name.startswith("study/templates/") for name in names)
    required = [Requirement(text) for text in described.get_all("Requires-Dist")]
    assert {one.name for one in required if one.marker is None} == {"numba", "numpy"}


def test_the_locks_hold_what_pyproject_requires() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = {
        "requirements.lock": ["study"],
        "requirements-dev.lock": [name for name in extras if name != "peers"],
    }
    for lock, names in wanted.items():
        pinned = dict(
            re.findall(r"^([a-z][\w-]*)==(\S+)", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE)
        )
        for text in [*project["dependencies"], *(text for name in names for text in extras[name])]:
            required = Requirement(text)
            if required.name != project["name"]:
                assert pinned.get(required.name, "0") in required.specifier, (
                    f"{text}: make {lock} again by its first lines"
                )


def test_what_is_in_the_lock_of_the_study_is_in_that_of_the_developers() -> None:
    texts = [
        (ROOT / name).read_text(encoding="utf-8") for name in ("requirements.lock", "requirements-dev.lock")
    ]
    pins = [set(re.findall(r"^[a-z][\w-]*==\S+", text, re.MULTILINE)) for text in texts]
    assert pins[0] < pins[1]
