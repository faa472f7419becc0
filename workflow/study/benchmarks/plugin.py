"""A plugin for pytest: adds to pytest-benchmark's records what they leave out.

Into `machine_info`: CPU model, feature flags, cores this process may use, package versions; the host's name is taken out,
for it tells nothing about speed, and containers make up a new one each time. Into `session`: the load at start and end.
Benchmarks themselves record the machine's ceiling before every round, in `extra_info`.
"""

from __future__ import annotations

import os
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil
import pytest

__all__ = ["PACKAGES", "Recorder", "pytest_addoption", "pytest_configure"]

PACKAGES = ("numpy", "numba", "llvmlite", "scipy", "jax", "jaxlib", "torch", "pytest-benchmark")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the caller say which revision is measured."""
    group = parser.getgroup("recording")
    group.addoption("--measured-tree", required=False, help="folder that `kernels` must come from")
    group.addoption("--measured-commit", default="", help="its commit, where git cannot tell")
    group.addoption("--measured-time", default="", help="the time of that commit")
    group.addoption("--measured-only", default=[], action="append", help="run benchmarks with this in their name")


def pytest_configure(config: pytest.Config) -> None:
    """Take part in the session."""
    config.pluginmanager.register(Recorder(config), "study-recorder")


class Recorder:
    """The hooks; `load` is that at the start."""

    def __init__(self, config: pytest.Config) -> None:
        self._options = config.option
        self._load = psutil.getloadavg()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out what is not wanted, and see that what is measured is what is meant."""
        words = self._options.measured_only
        items[:] = [item for item in items if not words or any(word in item.name for word in words)]
        import kernels  # noqa: PLC0415  it must not be loaded before pytest has set the path

        found, meant = Path(kernels.__file__).resolve().parents[1], self._options.measured_tree
        if meant and found != Path(meant).resolve():
            raise pytest.UsageError(f"`import kernels` finds {found}, which is not what is to be measured")

    @pytest.hookimpl(optionalhook=True)
    def pytest_benchmark_update_machine_info(self, machine_info: dict[str, Any]) -> None:
        """Add what tells machines and environments apart."""
        cpu = machine_info.pop("cpu", {})
        for key in ("node", "release"):
            machine_info.pop(key, None)
        machine_info["cpu"] = {
            "brand_raw": cpu.get("brand_raw", machine_info.get("processor") or "unknown"),
            "flags": sorted(cpu.get("flags", [])),
            "count": cpu.get("count"),
        }
        machine_info["threads"] = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        machine_info["packages"] = {name: found for name in PACKAGES if (found := _version(name))}

    @pytest.hookimpl(optionalhook=True)
    def pytest_benchmark_update_commit_info(self, commit_info: dict[str, Any]) -> None:
        """Name the commit that is measured, which need not be that of this folder."""
        commit_info.pop("branch", None)
        commit_info.pop("author_time", None)
        if self._options.measured_commit:
            commit_info |= {"id": self._options.measured_commit, "dirty": False, "time": self._options.measured_time}

    @pytest.hookimpl(optionalhook=True)
    def pytest_benchmark_update_json(self, output_json: dict[str, Any]) -> None:
        """Add what holds for the session."""
        output_json["session"] = {"load_start": self._load, "load_end": psutil.getloadavg()}


def _version(package: str) -> str:
    """Return the version of a package, or nothing."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
