"""What this code expects of pytest-benchmark, shown on the library itself: its hooks and its files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from study.benchmarks import record

BENCHMARK = """
def test_nothing(benchmark, request):
    benchmark.group = "none"
    benchmark.extra_info["work"] = 1
    assert request.config.pluginmanager.hasplugin("benchmark")
    benchmark.pedantic(int, rounds=3, setup=lambda: None)
"""
PLUGIN = """
import pytest

@pytest.hookimpl
def pytest_benchmark_update_machine_info(machine_info):
    assert {"node", "release", "processor", "cpu"} <= machine_info.keys()
    assert {"brand_raw", "flags", "count"} <= machine_info["cpu"].keys()
    machine_info["ours"] = 1

@pytest.hookimpl
def pytest_benchmark_update_commit_info(commit_info):
    commit_info["id"] = "ours"

@pytest.hookimpl
def pytest_benchmark_update_json(output_json):
    output_json["session"] = "ours"
"""


@pytest.mark.integration
def test_pytest_benchmark_calls_the_hooks_and_writes_what_is_read(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(BENCHMARK)
    (tmp_path / "conftest.py").write_text(PLUGIN)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-c",
        "/dev/null",
        "--rootdir",
        str(tmp_path),
        str(tmp_path),
    ]
    command += [
        f"--benchmark-storage=file://{tmp_path}/kept",
        "--benchmark-save=name",
        "--benchmark-save-data",
    ]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, env=record.environment()
    )
    assert done.returncode == 0, done.stdout
    (file,) = (tmp_path / "kept").glob("*/0001_name.json")
    content = json.loads(file.read_text())
    assert [content["machine_info"]["ours"], content["commit_info"]["id"], content["session"]] == [
        1,
        "ours",
        "ours",
    ]
    assert {"datetime", "commit_info", "benchmarks"} <= content.keys()
    (entry,) = content["benchmarks"]
    assert entry["fullname"].endswith("::test_nothing")
    assert [entry["group"], entry["extra_info"]] == ["none", {"work": 1}]
    assert len(entry["stats"]["data"]) == 3
    assert {"q1", "median", "q3"} <= entry["stats"].keys()
