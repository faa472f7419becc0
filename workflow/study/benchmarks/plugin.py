"""A plugin for pytest: adds to pytest-benchmark's records what they leave out.

To `machine_info`: CPU model, feature flags, cores this process may use, package versions; the host's name is
removed, because it says nothing about speed, and containers make up a new one each time. To `session`: the
load at start and end, and a digest of the benchmarks themselves, since an edited one may take longer or
shorter. Benchmarks record the time of a reference loop before every round, in `extra_info` under `ceiling`.

It is started as a script, with pytest's arguments, and imports nothing of this project: `study` refuses the
`kernels` of another revision.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable
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
    group.addoption("--measured-commit", default="", help="its commit")
    group.addoption("--measured-time", default="", help="the time of that commit, empty where it is unknown")
    group.addoption("--measured-dirty", action="store_true", help="it has changes that are not committed")
    group.addoption(
        "--measured-only", default=[], action="append", help="run benchmarks with this in their name"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Take part in the session."""
    config.pluginmanager.register(Recorder(config), "study-recorder")


class Recorder:
    """The hooks."""

    def __init__(self, config: pytest.Config) -> None:
        self._options = config.option
        self._load = psutil.getloadavg()
        self._sources = set[Path]()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out benchmarks that are not wanted, and check that the intended code is measured."""
        words = self._options.measured_only
        items[:] = [item for item in items if not words or any(word in item.name for word in words)]
        self._sources = {source for item in items for source in item.path.parent.glob("*.py")}
        import kernels  # noqa: PLC0415  it must not be loaded before pytest has set the path

        found, meant = Path(kernels.__file__).resolve().parents[1], self._options.measured_tree
        if meant and found != Path(meant).resolve():
            raise pytest.UsageError(f"`import kernels` finds {found}, which is not what is to be measured")

    @pytest.hookimpl(optionalhook=True)
    def pytest_benchmark_update_machine_info(self, machine_info: dict[str, Any]) -> None:
        """Add what distinguishes machines and environments."""
        cpu = machine_info.pop("cpu", {})
        for key in ("node", "release"):
            machine_info.pop(key, None)
        machine_info["cpu"] = {
            "brand_raw": cpu.get("brand_raw", machine_info.get("processor") or "unknown"),
            "flags": sorted(cpu.get("flags", [])),
            "count": cpu.get("count"),
        }
        machine_info["threads"] = (
            len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        )
        machine_info["packages"] = {name: found for name in PACKAGES if (found := _version(name))}

    @pytest.hookimpl(optionalhook=True)
    def pytest_benchmark_update_commit_info(self, commit_info: dict[str, Any]) -> None:
        """Name the commit that is measured: it may differ from that of this folder, or be unknown to git."""
        chosen = self._options
        if chosen.measured_commit:
            for key in ("branch", "author_time", "error"):
                commit_info.pop(key, None)
            time = chosen.measured_time or None
            commit_info |= {"id": chosen.measured_commit, "dirty": chosen.measured_dirty, "time": time}

    @pytest.hookimpl(optionalhook=True)
    def pytest_benchmark_update_json(self, output_json: dict[str, Any]) -> None:
        """Add what holds for the session."""
        output_json["session"] = {
            "load_start": self._load,
            "load_end": psutil.getloadavg(),
            "benchmarks": _digest(self._sources),
        }


def _digest(sources: Iterable[Path]) -> str:
    """Digest the text of the benchmarks and of the other modules in their folders."""
    texts = [f"{path.name}\n{path.read_text(encoding='utf-8')}" for path in sorted(sources)]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:8]


def _version(package: str) -> str:
    """Return the version of a package; empty if it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


if __name__ == "__main__":
    sys.exit(pytest.main(sys.argv[1:], plugins=[sys.modules["__main__"]]))
