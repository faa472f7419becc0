"""The recurring tasks of this repository: `nox --list` lists them, `nox -s NAME` runs one.

All sessions but `pythons` use the environment that nox runs in, made from `requirements-dev.lock`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import nox

nox.needs_version = ">=2025.2"
nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "fast"]

ROOT = Path(__file__).parent
os.environ["PATH"] = (
    f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # even if it is not activated
)
FAST = "not processes and not slow and not cluster and not integration"

# Each generated file and the command that writes it or prints it.
PRINTED = {
    "config/config.schema.json": ["-m", "study.config.editors"],
    "docs/config.md": ["-m", "study.config.page"],
    "docs/tables.md": ["-m", "study.dictionary"],
    "docs/claims.md": ["-m", "study.claims.catalogue"],
}
WRITTEN = {
    "README.md": ["-m", "study.report.readme"],
    "docs/laws.md": ["tests/study/laws_page.py"],
}

# Packages without a wheel that need no compiler.
WITHOUT_WHEEL = {"autograd-gamma", "connection-pool"}


@nox.session
def lint(session: nox.Session) -> None:
    """Linters and types."""
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("snakefmt", "--check", "Snakefile", "workflow")
    session.run("snakemake", "--lint")


@nox.session
def fast(session: nox.Session) -> None:
    """The tests of the README: they start no program, draw no whole report and compile little.

    Arguments are passed on to pytest.
    """
    session.run("pytest", "-n", "auto", "-m", FAST, *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """All tests that start no program, which is what `pytest` means here."""
    session.run("pytest", "-n", "auto")


@nox.session
def coverage(session: nox.Session) -> None:
    """`tests` and `processes` once more, with the lines that they reach; too few are an error."""
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", "-n", "auto", "-m", "not slow and not cluster")
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report")


@nox.session
def processes(session: nox.Session) -> None:
    """Tests that start Snakemake, another Python, a build or a browser."""
    session.run("pytest", "-n", "auto", "-m", "processes and not slow")


@nox.session
def slow(session: nox.Session) -> None:
    """Tests that take minutes."""
    session.run("pytest", "-n", "auto", "-m", "slow")


@nox.session
def cluster(session: nox.Session) -> None:
    """Tests with a one-node Slurm, which needs root; the slow test of a lost node is left out."""
    if os.getuid():
        session.skip("left out: only root can start a cluster")
    session.run("pytest", "-m", "cluster", "-k", "not lost_node")


@nox.session
def smoke(session: nox.Session) -> None:
    """Run a study of seconds, run it again, compare it with its reference, and compute its numbers anew."""
    with study(session) as snakemake:
        snakemake("--configfile", "config/smoke.yaml")
        again = snakemake("--configfile", "config/smoke.yaml", silent=True)
        if "Nothing to be done" not in again:
            session.error(f"the finished study is made again:\n{again}")
        snakemake("--configfile", "config/smoke.yaml", "--report", "results/snakemake.html")
        snakemake("verify", "--configfile", "config/smoke.yaml")
        session.run("python", "tests/independent/recompute.py", str(snakemake.folder / "results"))


@nox.session
def reproducibility(session: nox.Session) -> None:
    """Short versions of the reproducibility tests; docs/reproducibility.md has the full commands."""
    session.run("python", "tests/reproducibility/matrix.py", "--tiny", "--cells", "libraries")
    session.run("python", "tests/reproducibility/kills.py", "--tiny", "--count", "1", "--signals", "KILL")
    session.run("python", "tests/reproducibility/abuse.py", "--count", "3", "--kinds", "bad")
    session.run("python", "tests/reproducibility/fuzz.py", "--inputs", "2000")


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Record quick benchmarks, draw their history, and compare HEAD with itself."""
    short = '{record: ["[kernels-mse-d2"], compare: ["[kernels-mse-d2"], processes: 2, rounds: 3}'
    with study(session) as snakemake:
        config = snakemake.folder / "short.yaml"
        config.write_text(f"benchmarks: {short}\n", encoding="utf-8")
        snakemake("benchmark", "--configfile", str(config))
        snakemake("history", "--configfile", str(config))
        storage = f"file://{snakemake.folder}/results/benchmarks"
        session.run("python", "-m", "pytest_benchmark", f"--storage={storage}", "list")
        snakemake("compare", "--configfile", str(config), "--config", "base=HEAD", "head=HEAD")


class Study:
    """Runs Snakemake in a folder of its own."""

    def __init__(self, session: nox.Session, folder: Path) -> None:
        self.session, self.folder = session, folder

    def __call__(self, *words: str, silent: bool = False) -> str:
        """Run it with these arguments, targets first; return what it prints if `silent`."""
        options = [
            "--profile",
            "profiles/default",
            "--snakefile",
            "Snakefile",
            "--directory",
            str(self.folder),
        ]
        return str(self.session.run("snakemake", *words, *options, silent=silent))


@contextmanager
def study(session: nox.Session) -> Iterator[Study]:
    """Give a Snakemake with a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        yield Study(session, Path(folder))


@nox.session
def generate(session: nox.Session) -> None:
    """Write every generated file again."""
    for path in changed(session):
        session.log(f"{path}: written again")


@nox.session
def generated(session: nox.Session) -> None:
    """Check that no generated file is stale; nothing is changed."""
    before = {path: (ROOT / path).read_bytes() for path in [*PRINTED, *WRITTEN]}
    try:
        stale = changed(session)
    finally:
        for path, content in before.items():
            (ROOT / path).write_bytes(content)
    if stale:
        session.error(f"stale: {', '.join(stale)}; write them again with: nox -s generate")


def changed(session: nox.Session) -> list[str]:
    """Write every generated file, and return those whose bytes have changed."""
    before = {path: (ROOT / path).read_bytes() for path in [*PRINTED, *WRITTEN]}
    for path, command in PRINTED.items():
        printed = session.run("python", *command, silent=True, stderr=None)
        (ROOT / path).write_text(str(printed), encoding="utf-8")
    for command in WRITTEN.values():
        session.run("python", *command)
    return [path for path, content in before.items() if (ROOT / path).read_bytes() != content]


def supported() -> list[str]:
    """Versions of Python that pyproject.toml names, the oldest first."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [text.removeprefix("Programming Language :: Python :: ") for text in project["classifiers"]]
    return sorted(
        (text for text in named if text.startswith("3.")), key=lambda text: int(text.partition(".")[2])
    )


@nox.session
def locks(session: nox.Session) -> None:
    """Check that the lock installs without a compiler on every supported Python; nothing is installed."""
    with ThreadPoolExecutor() as pool:  # pip waits for the network
        found = dict(zip(supported(), pool.map(archives_of_lock, supported()), strict=True))
    for version, archives in found.items():
        built = {name.rsplit("-", 1)[0].replace("_", "-") for name in archives if not name.endswith(".whl")}
        if built - WITHOUT_WHEEL:
            session.error(f"Python {version}: no wheel for {', '.join(sorted(built - WITHOUT_WHEEL))}")
        session.log(
            f"Python {version}: {len(archives)} packages, all but {', '.join(sorted(built))} as wheels"
        )


def archives_of_lock(version: str) -> list[str]:
    """Names of the archives that pip would install from the lock on a version of Python."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--no-deps", "--report", "-"]
    command += ["--require-hashes", "--python-version", version, "--target", "unused"]
    command += ["-r", "requirements-dev.lock"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return [Path(one["download_info"]["url"]).name for one in json.loads(done.stdout)["install"]]


@nox.session
def pythons(session: nox.Session) -> None:
    """The fast tests on the oldest and newest supported Python found, each in a new environment."""
    left_out = []
    for version in dict.fromkeys([supported()[0], supported()[-1]]):
        if sys.version_info[:2] == tuple(map(int, version.split("."))):
            session.log(f"Python {version}: nox runs on it")
            continue
        python = interpreter(version)
        if python is None:
            left_out.append(version)
            continue
        with tempfile.TemporaryDirectory() as folder:
            session.run(python, "-m", "venv", folder, external=True)
            inside = f"{folder}/bin/python"
            install = [inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            session.run(*install, "--require-hashes", "-r", "requirements-dev.lock", external=True)
            session.run(*install, "--no-deps", "--no-build-isolation", "-e", ".", external=True)
            session.run(inside, "-m", "pytest", "-n", "auto", "-m", FAST, external=True)
    if left_out:
        session.skip(f"left out, because there is no Python {' and no '.join(left_out)} here")


def interpreter(version: str) -> str | None:
    """Path of a Python that starts: the first on PATH, else one of pyenv's."""
    kept = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"
    names = [
        shutil.which(f"python{version}"),
        *map(str, sorted(kept.glob(f"{version}.*/bin/python{version}"))),
    ]
    for name in filter(None, names):
        if subprocess.run([name, "-c", ""], capture_output=True, check=False).returncode == 0:
            return name
    return None
