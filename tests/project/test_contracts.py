"""What this code expects of private parts of Numba, Snakemake and pytest-benchmark, each shown on the library itself.

A new version of a library that breaks one of these breaks more than one test; the one here says which part has changed.
"""

from __future__ import annotations

import ast
import base64
import ctypes
import itertools
import json
import operator
import pickle
import platform
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import llvmlite.binding as llvm
import numba
import numpy as np
import pytest
from llvmlite import ir
from numba import types
from numba.core import cgutils, extending
from numba.core.bytecode import FunctionIdentity
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.datamodel import models
from numba.core.extending import lower_builtin, register_model
from numba.core.serialize import dumps
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from study.benchmarks import runs as benchmark_runs

ROOT = Path(__file__).parents[2]
CONTRACTS: dict[str, str] = {}
PUBLIC = {"_asdict", "_exit", "_fields", "_make", "_replace"}  # documented, for all their underscore


compiler = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="the compiler is switched off")


def contract(*parts: str) -> Callable[[Any], Any]:
    """Say which private parts a test is about."""

    def note(test: Any) -> Any:
        CONTRACTS.update(dict.fromkeys(parts, test.__name__))
        return test

    return note


# What is used, found in the sources.


def private_parts(text: str) -> Iterator[str]:
    """Yield what a module takes from `numba.core`, and the underscored attributes of other objects than its own."""
    tree = ast.parse(text)
    own = {name for node in ast.walk(tree) if (name := defined(node))}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("numba.core"):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
            if node.attr not in own | PUBLIC:
                yield node.attr


def defined(node: ast.AST) -> str | None:
    """Name that a statement gives to something: a function, or an attribute of `self`."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return node.name
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self":
        return node.attr
    return None


def test_every_private_part_in_use_has_a_contract() -> None:
    sources = [path for folder in ("kernels", "workflow/study") for path in (ROOT / folder).rglob("*.py")]
    used = {part: path for path in sources for part in private_parts(path.read_text(encoding="utf-8"))}
    for path in [ROOT / "Snakefile", *(ROOT / "workflow" / "rules").glob("*.smk")]:
        text = path.read_text(encoding="utf-8")
        used |= dict.fromkeys(re.findall(r"\bworkflow(?:\.[a-z_]\w*)+", text), path)
    missing = {part: str(path.relative_to(ROOT)) for part, path in used.items() if part not in CONTRACTS}
    assert used
    assert not missing, f"private parts without a test in {Path(__file__).name}: {missing}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from numba.core.caching import _Cache", ["numba.core.caching._Cache"]),
        ("dispatcher._cache = 1", ["_cache"]),
        ("class A:\n    def _f(self): return self._f()", []),
        ("row._asdict()", []),
    ],
)
def test_private_parts_are_found(text: str, found: list[str]) -> None:
    assert list(private_parts(text)) == found


# Numba: the store of compiled code.


def plus_one(x: float) -> float:
    return x + 1.0


class Noted(_Cache):
    """A cache that notes what the dispatcher asks of it, and has at most one thing to give."""

    cache_path = ""

    def __init__(self, has: bytes | None = None) -> None:
        self.has, self.asked, self.saved = has, [], []

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        self.asked.append(sig)
        target_context.refresh()
        return CompileResult._rebuild(target_context, *pickle.loads(self.has)) if self.has else None

    def save_overload(self, sig: Any, data: Any) -> None:
        self.saved.append(data)

    def enable(self) -> None: ...

    def disable(self) -> None: ...

    def flush(self) -> None: ...


@contract("numba.core.caching._Cache")
def test_a_cache_is_what_its_abstract_methods_say() -> None:
    wanted = {"cache_path", "disable", "enable", "flush", "load_overload", "save_overload"}
    assert _Cache.__abstractmethods__ == wanted


@compiler
@contract("_cache")
def test_a_dispatcher_asks_its_cache_once_for_each_signature_and_gives_it_what_it_compiled() -> None:
    dispatcher = numba.njit(plus_one)
    assert isinstance(dispatcher._cache, _Cache), "a dispatcher no longer has its cache in `_cache`"
    dispatcher._cache = noted = Noted()
    assert [dispatcher(1.0), dispatcher(2.0), dispatcher(1)] == [2.0, 3.0, 2.0]
    assert len(noted.asked) == len(noted.saved) == 2
    assert [result.signature.args for result in noted.saved] == [(numba.float64,), (numba.int64,)]


@compiler
@contract("numba.core.compiler.CompileResult", "numba.core.serialize.dumps", "_reduce", "_rebuild")
def test_compiled_code_survives_being_written_down() -> None:
    first, second = numba.njit(plus_one), numba.njit(plus_one)
    first._cache = noted = Noted()
    first(1.0)
    second._cache = Noted(dumps(noted.saved[0]._reduce()))
    assert second(2.0) == 3.0
    assert second._cache.saved == [], "what the cache gave was compiled again"


def compiled(function: Callable[..., Any]) -> Any:
    """Numba's result of compiling a function of a float64."""
    dispatcher = numba.njit(function)
    dispatcher._cache = noted = Noted()
    dispatcher(1.0)
    return noted.saved[0]


@compiler
def test_code_with_addresses_of_the_process_is_marked() -> None:
    absolute = ctypes.CDLL(None).labs
    absolute.argtypes, absolute.restype = [ctypes.c_long], ctypes.c_long
    assert not compiled(plus_one).library.has_dynamic_globals
    assert compiled(lambda x: absolute(int(x))).library.has_dynamic_globals


@compiler
def test_the_processor_that_code_is_for_can_be_read() -> None:
    triple, name, features = compiled(plus_one).target_context.codegen().magic_tuple()
    assert triple == llvm.get_process_triple()
    assert name == (numba.config.CPU_NAME or llvm.get_host_cpu_name())
    assert set(features.split(",")) >= {"+sse2"} or platform.machine() != "x86_64"


@compiler
@contract("numba.core.bytecode.FunctionIdentity", "_unique_ids")
def test_symbols_are_numbered_by_the_counter_of_function_identities(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FunctionIdentity, "_unique_ids", itertools.count(123_456_789))
    assert "123456789" in compiled(plus_one).fndesc.mangled_name


# Numba: types and operations of one's own.


class PairType(types.Type):
    """Two float64 in one vector of LLVM."""


PAIR = PairType("pair")


@extending.intrinsic
def pair(typingctx: Any, low: Any, high: Any) -> Any:
    """Make a pair."""

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        vector = ir.Constant(ir.VectorType(ir.DoubleType(), 2), ir.Undefined)
        for i, arg in enumerate(args):
            vector = builder.insert_element(vector, arg, ir.Constant(ir.IntType(32), i))
        return vector

    return signature(PAIR, types.float64, types.float64), codegen


@extending.intrinsic
def fused(typingctx: Any, a: Any, array: Any) -> Any:
    """``a[0] * a[1] + array[0]`` with one rounding; adds 1 to the array."""

    def codegen(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        double, data = ir.DoubleType(), context.make_array(array)(context, builder, args[1]).data
        low, high = (builder.extract_element(args[0], ir.Constant(ir.IntType(32), i)) for i in range(2))
        fma = cgutils.get_or_insert_function(builder.module, ir.FunctionType(double, [double] * 3), "llvm.fma.f64")
        first = builder.load(data, typ=double)
        builder.store(builder.fadd(first, ir.Constant(double, 1.0)), data)
        nothing = cgutils.is_true(builder, ir.Constant(ir.IntType(1), 0))
        return builder.select(nothing, first, builder.call(fma, [low, high, first]))

    return signature(types.float64, PAIR, array), codegen


@compiler
@contract(
    *("numba.core.cgutils", "numba.core.extending", "numba.core.datamodel.models"),
    *("numba.core.extending.lower_builtin", "numba.core.extending.register_model"),
    *(f"numba.core.typing.templates.{name}" for name in ("ConcreteTemplate", "infer_global", "signature")),
)
def test_a_type_of_ones_own_has_a_value_an_operator_and_operations() -> None:
    @register_model(PairType)
    class _Model(models.PrimitiveModel):
        def __init__(self, manager: Any, fe_type: Any) -> None:
            super().__init__(manager, fe_type, ir.VectorType(ir.DoubleType(), 2))

    @infer_global(operator.add)
    class _Add(ConcreteTemplate):
        cases: ClassVar = [signature(PAIR, PAIR, PAIR)]

    lower_builtin(operator.add, PAIR, PAIR)(lambda context, builder, sig, args: builder.fadd(*args))

    @numba.njit
    def compute(x: float, array: Any) -> float:
        return fused(pair(x, 2.0) + pair(1.0, 3.0), array)

    array = np.array([0.5])
    assert compute(2.0, array) == 3.0 * 5.0 + 0.5
    assert array[0] == 1.5


# Snakemake: what the Snakefile and `study.provenance` read.

SNAKEFILE = """
import json, os
from pathlib import Path

note = {
    "workflow.is_main_process": workflow.is_main_process,
    "workflow.output_settings.dryrun": workflow.output_settings.dryrun,
    "workflow.config_settings.config": dict(workflow.config_settings.config),
    "workflow.rules": [str(file) for rule in workflow.rules for file in rule.output],
    "workflow.basedir": str(workflow.basedir),
    "workflow.cores": workflow.cores,
}
folder = Path(workflow.basedir) / "notes"
folder.mkdir(exist_ok=True)

rule all:
    input: "out/b.c.txt", "by_run.txt"

rule one:
    output: "out/{name}.txt"
    script: "job.py"

rule two:
    output: "by_run.txt"
    run: Path(output[0]).write_text("")

note["workflow.rules"] = [str(file) for rule in workflow.rules for file in rule.output]
(folder / f"{os.getpid()}.json").write_text(json.dumps(note))
"""
JOB = """
import json, sys
from pathlib import Path
import psutil
words = psutil.Process().cmdline()
found = {str(path.relative_to(".snakemake")): path.is_file() for path in Path(".snakemake").rglob("*")}
Path(snakemake.output[0]).write_text(json.dumps({"words": words, "found": found}))
"""


def snakemake(folder: Path, *words: str) -> list[dict[str, Any]]:
    """Run Snakemake in a folder; what each process that read the Snakefile saw."""
    for old in (folder / "notes").glob("*"):
        old.unlink()
    (folder / "Snakefile").write_text(SNAKEFILE)
    (folder / "job.py").write_text(JOB)
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(path.read_text()) for path in (folder / "notes").iterdir()]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("contract")
    return folder, snakemake(folder, "--config", "key=1")


@contract("workflow.is_main_process", "workflow.basedir", "workflow.cores", "workflow.config_settings.config")
def test_the_workflow_tells_its_process_its_folder_and_what_overrides_the_config(run: Any) -> None:
    folder, notes = run
    assert sorted(note["workflow.is_main_process"] for note in notes) == [False, True]
    main = next(note for note in notes if note["workflow.is_main_process"])
    assert main["workflow.config_settings.config"] == {"key": 1}
    assert Path(main["workflow.basedir"]) == folder
    assert main["workflow.cores"] == 2


@contract("workflow.output_settings.dryrun")
def test_the_workflow_tells_a_dry_run(run: Any) -> None:
    folder, notes = run
    assert not any(note["workflow.output_settings.dryrun"] for note in notes)
    assert [note["workflow.output_settings.dryrun"] for note in snakemake(folder, "-n", "-F")] == [True]


@contract("workflow.rules")
def test_the_workflow_has_every_rule_with_its_outputs_as_patterns(run: Any) -> None:
    assert run[1][0]["workflow.rules"] == ["out/{name}.txt", "by_run.txt"]


def test_snakemake_keeps_its_records_where_recovery_looks_for_them(run: Any) -> None:
    folder, _ = run
    job = json.loads((folder / "out" / "b.c.txt").read_text())
    begun = base64.urlsafe_b64encode(b"out/b.c.txt").decode()
    assert job["found"].get(f"incomplete/{begun}") is True, "the mark of an unfinished output has another name"
    assert any(name.startswith("locks/") for name in job["found"])
    assert any(".snakemake/scripts/" in word for word in job["words"])
    assert list((folder / ".snakemake" / "metadata").iterdir())
    assert not list((folder / ".snakemake" / "incomplete").iterdir())
    assert not list((folder / ".snakemake" / "locks").iterdir())


# pytest-benchmark: its hooks and its files.

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


def test_pytest_benchmark_calls_the_hooks_and_writes_what_is_read(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(BENCHMARK)
    (tmp_path / "conftest.py").write_text(PLUGIN)
    command = [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "--rootdir", str(tmp_path), str(tmp_path)]
    command += [f"--benchmark-storage=file://{tmp_path}/kept", "--benchmark-save=name", "--benchmark-save-data"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, env=benchmark_runs.environment()
    )
    assert done.returncode == 0, done.stdout
    (file,) = (tmp_path / "kept").glob("*/0001_name.json")
    content = json.loads(file.read_text())
    assert [content["machine_info"]["ours"], content["commit_info"]["id"], content["session"]] == [1, "ours", "ours"]
    assert {"datetime", "commit_info", "benchmarks"} <= content.keys()
    (entry,) = content["benchmarks"]
    assert entry["fullname"].endswith("::test_nothing")
    assert [entry["group"], entry["extra_info"]] == ["none", {"work": 1}]
    assert len(entry["stats"]["data"]) == 3
    assert {"q1", "median", "q3"} <= entry["stats"].keys()
