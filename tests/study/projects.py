"""A small made-up project with benchmarks and a git repository of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

BENCH = """
import time
import pytest
import kernels

@pytest.mark.parametrize("size", [1, 2])
def test_{name}(benchmark, size):
    benchmark.extra_info["sample_steps"] = size
    benchmark.pedantic(kernels.work, args=(size,), rounds=3)

def test_skipped(benchmark):
    pytest.skip("needs what is not here")

def test_broken(benchmark):
    benchmark(lambda: 1 / 0)

def test_times_nothing(benchmark):
    pass
"""
KERNELS = """
import time

def work(size):
    end = time.perf_counter() + {seconds} * size
    while time.perf_counter() < end:
        pass
"""


def git(folder: Path, *words: str, text: str = "") -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@localhost", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True, input=text).stdout.strip()


def commit(folder: Path, *, seconds: float, name: str = "work", lock: str = "") -> str:
    for path, text in {
        "kernels/__init__.py": KERNELS.format(seconds=seconds),
        "tests/bench/test_work.py": BENCH.format(name=name),
        "pyproject.toml": "",
        "requirements.lock": lock,
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "x")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    commit(folder, seconds=0.001)
    return folder
