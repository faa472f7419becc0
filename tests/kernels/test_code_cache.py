"""Compiled code that is kept: found by the processes it suits and by no others, harmless when damaged."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import kernels
from kernels import code_cache
from kernels.jit import compiled

pytestmark = pytest.mark.processes

EVERYTHING = Path(__file__).with_name("everything.py")

PROGRAM = """
import sys, hashlib
import numpy as np
import kernels
from kernels import evaluation
x = np.column_stack([np.linspace(-2, 2, 12), np.ones(12)])
y = (np.arange(12) % 3 == 0).astype(float)
losses = sys.argv[1].split(",")
risks = {loss: kernels.risk(x, y, np.eye(2), loss=loss).tobytes() for loss in losses}
loops = [evaluation._risk_loop(kernels.MODELS["linear"], kernels.LOSSES[loss]) for loss in losses]
names = ("cache_hits", "cache_misses")
hits, misses = (sum(sum(getattr(loop.stats, name).values()) for loop in loops) for name in names)
assert len({code.fndesc.mangled_name for loop in loops for code in loop.overloads.values()}) == len(loops)
print(hashlib.sha256(b"".join(risks[loss] for loss in sorted(losses))).hexdigest(), hits, misses)
"""


def run(
    folder: Path, losses: str = "mse,bce", root: Path | None = None, **changes: str
) -> tuple[str, int, int]:
    """Digest of what the program computes, how often code was found, and how often compiled."""
    root = root or Path(kernels.__file__).parents[1]
    environment = os.environ | {"NUMBA_CACHE_DIR": str(folder), "PYTHONPATH": str(root)} | changes
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, losses],
        env=environment,
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    digest, hits, misses = done.stdout.split()
    return digest, int(hits), int(misses)


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.code"))


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A folder filled by one process, and what that computed."""
    folder = tmp_path_factory.mktemp("code")
    return folder, run(folder)


def test_another_process_finds_the_code_and_computes_the_same(first):
    folder, (digest, hits, misses) = first
    assert (hits, misses) == (0, 2)
    assert run(folder) == (digest, 2, 0)


def test_what_two_loops_share_is_compiled_once(first, tmp_path):
    """Whichever process compiles it: the second one compiles its loop and what that has of its own."""
    run(tmp_path, "bce")
    alone = set(files(tmp_path))
    run(tmp_path, "mse")
    added = set(files(tmp_path)) - alone
    assert 0 < len(added) < len(alone)
    assert {path.name for path in files(tmp_path)} == {path.name for path in files(first[0])}


def test_the_order_of_compilation_mixes_nothing_up(first, tmp_path):
    """One loss from the disk, the other compiled: by Numba's own count their loops would have one name."""
    folder, (digest, _, _) = first
    run(tmp_path, "bce")
    assert run(tmp_path) == (digest, 1, 1)
    assert run(tmp_path, "bce,mse") == (digest, 2, 0)
    assert files(tmp_path) != []
    assert {path.name for path in files(tmp_path)} == {path.name for path in files(folder)}


def test_damaged_code_is_compiled_again(first, tmp_path):
    folder, (digest, _, _) = first
    for number, path in enumerate(files(folder)):
        copy = tmp_path / path.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        copy.write_bytes(content if number % 2 else content[: len(content) // 2])
    assert run(tmp_path) == (digest, 0, 2)
    assert run(tmp_path) == (digest, 2, 0)


def test_a_folder_that_cannot_be_written_costs_time_alone(first, tmp_path):
    (tmp_path / "file").write_text("")
    assert run(tmp_path / "file") == (first[1][0], 0, 2)


def test_other_processors_and_other_sources_have_other_code(first, tmp_path):
    folder, (digest, _, _) = first
    assert run(folder, NUMBA_CPU_NAME="x86-64", NUMBA_CPU_FEATURES="") == (digest, 0, 2)
    for path in Path(kernels.__file__).parent.glob("*.py"):
        (tmp_path / "kernels").mkdir(exist_ok=True)
        text = path.read_text(encoding="utf-8")
        if path.name == "losses.py":  # called from a file that stays the same
            assert text.count("return 0.5 * wrong * wrong") == 1
            text = text.replace("return 0.5 * wrong * wrong", "return 0.25 * wrong * wrong")
        (tmp_path / "kernels" / path.name).write_text(text, encoding="utf-8")
    other, hits, _ = run(folder, root=tmp_path)
    assert hits == 0
    assert other != digest


def everything(folder: Path) -> tuple[list[str], int]:
    """What the kernels compute in a process of its own, and how many functions it compiled."""
    root = Path(kernels.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EVERYTHING)],
        env=os.environ | {"NUMBA_CACHE_DIR": str(folder), "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    *digests, compilations = done.stdout.splitlines()
    return digests, int(compilations.removeprefix("compilations: "))


@pytest.mark.slow  # everything is compiled
def test_a_second_process_compiles_nothing(tmp_path):
    """Descents of each loss with and without targets and traces, risks, gradients, flows and laws."""
    digests, compilations = everything(tmp_path)
    assert compilations > 0
    assert everything(tmp_path) == (digests, 0)


def test_what_code_closes_over_is_named_by_value():
    values = [1.0, 1, True, None, "1", (1.0, 2), (1.0, 3), ((1.0, 2),), (1.0, (2,))]
    assert len({tuple(code_cache._describe(value)) for value in values}) == len(values)
    for unknown in (object(), (1.0, object()), [1.0], kernels.LOSSES["mse"]):
        with pytest.raises(LookupError):
            list(code_cache._describe(unknown))


def test_code_that_depends_on_more_than_the_package_is_not_kept():
    def elsewhere(z):
        return z

    @compiled
    def own(z):
        return elsewhere(z)

    assert code_cache._Shelf(own.py_func)._path("sig", own.targetctx) is None


def test_code_of_other_versions_goes_after_a_month(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    old, recent = tmp_path / "mse-versus-bce" / "old", tmp_path / "mse-versus-bce" / "recent"
    for other in (old, recent):
        other.mkdir(parents=True)
    os.utime(old, (0, 0))
    code_cache._write(code_cache.folder() / "a.code", b"payload")
    assert code_cache._read(code_cache.folder() / "a.code") == b"payload"
    assert recent.exists()
    assert not old.exists()
    assert [path.name for path in code_cache.folder().iterdir()] == ["a.code"]
