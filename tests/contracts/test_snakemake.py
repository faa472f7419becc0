"""What this code expects of private parts of Snakemake, each shown with a small Snakefile.

A new version that breaks one of these breaks other tests too; the one here shows which part has changed.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from snakemake.persistence import RECORD_FORMAT_VERSION, MetadataRecord
from snakemake.persistence.file import FilePersistence
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

pytestmark = pytest.mark.processes

SNAKEFILE = """
import json, os
from pathlib import Path

from snakemake.executors import local
from snakemake.resources import ResourceValidationError
from snakemake.script import PythonScript
from snakemake.settings.enums import RerunTrigger
from snakemake.utils import available_cpu_count

here = Path(workflow.current_basedir.get_path_or_uri(secret_free=True))
note = {
    "basedir": str(workflow.basedir),
    "here": str(here),
    "cores": workflow.cores,
    "counted": available_cpu_count(),
    "all_cores": [workflow.resource_settings.cores, workflow.global_resources["_cores"].value],
    "configfiles": [str(path) for path in workflow.configfiles],
    "dryrun": workflow.output_settings.dryrun,
    "is_main_process": workflow.is_main_process,
    "is_main_snakefile": workflow.modifier.is_main_snakefile(),
    "overrides": dict(workflow.config_settings.config),
    "prefix": workflow.modifier.path_modifier.prefix,
}

rule all:
    input: "out/b.c.txt", "by_run.txt"

rule one:
    output: "out/{name}.txt"
    log: "{name}.log"
    params: some=3
    resources: mem_mb=lambda wildcards: memory()
    script: "job.py"

rule two:
    output: "by_run.txt"
    run: Path(output[0]).write_text("")

note["outputs"] = {known.name: [str(file) for file in known.output] for known in workflow.rules}
note["snakefiles"] = sorted({known.snakefile for known in workflow.rules})

def memory():
    if config.get("fail"):
        raise ResourceValidationError("too much is asked for")
    return 100

def write():
    (here / "notes").mkdir(exist_ok=True)
    (here / "notes" / f"{os.getpid()}.json").write_text(json.dumps(note))

def execute(executor_plugin, **settings):
    workflow.dag_settings.rerun_triggers = workflow.rerun_triggers - {RerunTrigger.CODE}
    kind = executor_plugin.common_settings
    note["execute"] = {"name": executor_plugin.name, "dryrun": kind.dryrun_exec, "touch": kind.touch_exec}
    note["targets"] = sorted(workflow.dag_settings.targets)
    write()
    done = original_execute(executor_plugin=executor_plugin, **settings)
    note["jobs"] = {str(job): [job.rule.name, list(job.output), list(job.log)] for job in workflow.dag.jobs}
    note["triggers"] = sorted(map(str, workflow.dag_settings.rerun_triggers))
    write()
    return done

def prepare(**settings):
    original_prepare(**settings)
    own = workflow.persistence._read_record
    workflow.persistence._read_record = lambda path: note.setdefault("records", []).append(path) or own(path)

original_execute, workflow.execute = workflow.execute, execute
original_prepare, workflow._prepare_dag = workflow._prepare_dag, prepare

def noting(cls, name, write_down):
    original = getattr(cls, name)
    def noted(self, *args, **kwargs):
        found = original(self, *args, **kwargs)
        write_down(found, *args)
        return found
    setattr(cls, name, noted)

noting(PythonScript, "_execute_cmd", lambda found, command: note.update(command=command))
noting(local.Executor, "get_python_executable", lambda found: note.update(python=found))
write()

onerror:
    dag = workflow.dag
    note["open"] = [job.rule.name for job in dag.jobs if dag.needrun(job) and not dag.finished(job)]
    write()

onsuccess:
    dag = workflow.dag
    note["open"] = [job.rule.name for job in dag.jobs if dag.needrun(job) and not dag.finished(job)]
    write()
"""
JOB = """
import json, sys
from pathlib import Path
import psutil
if snakemake.config.get("break"):
    sys.exit(1)
words = psutil.Process().cmdline()
found = {str(path.relative_to(".snakemake")): path.is_file() for path in Path(".snakemake").rglob("*")}
Path(snakemake.output[0]).write_text(json.dumps({"words": words, "found": found}))
"""
MODULE = """
module inner:
    snakefile: "../Snakefile"
    prefix: "below"
use rule * from inner as inner_*
"""

Note = dict[str, Any]


def call(folder: Path, *words: str, code: int = 0, job: str = JOB) -> tuple[list[Note], str]:
    """Run Snakemake in a folder; return the notes of its processes, the main one first, and the output."""
    for old in (folder / "notes").glob("*"):
        old.unlink()
    (folder / "Snakefile").write_text(SNAKEFILE)
    (folder / "job.py").write_text(job)
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    notes = [json.loads(path.read_text()) for path in (folder / "notes").iterdir()]
    return sorted(notes, key=lambda note: not note["is_main_process"]), done.stdout + done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which Snakemake has run, with its notes of that run."""
    folder = tmp_path_factory.mktemp("contract")
    notes, _ = call(folder, "--config", "key=1")
    (folder / "notes.json").write_text(json.dumps(notes))
    return folder


@pytest.fixture(scope="module")
def notes(folder: Path) -> list[Note]:
    """What the processes of the run noted."""
    return list(json.loads((folder / "notes.json").read_text()))


@pytest.mark.contract("workflow.is_main_process", "workflow.basedir", "workflow.cores")
def test_the_workflow_knows_its_process_its_folder_and_its_cores(folder: Path, notes: list[Note]) -> None:
    assert [note["is_main_process"] for note in notes] == [
        True,
        False,
    ]  # that of the `run:` is a Snakemake of its own
    assert Path(notes[0]["basedir"]) == folder
    assert notes[0]["cores"] == 2


@pytest.mark.contract(
    "snakemake.utils.available_cpu_count",
    "workflow.resource_settings.cores",
    "workflow.global_resources",
    "workflow.configfiles",
)
def test_the_cores_are_those_of_the_machine_or_fewer_and_config_files_are_listed(notes: list[Note]) -> None:
    assert notes[0]["all_cores"] == [2, 2]
    assert notes[0]["counted"] == len(os.sched_getaffinity(0))
    assert notes[0]["configfiles"] == []


@pytest.mark.contract("workflow.config_settings.config")
def test_the_workflow_knows_what_overrides_the_config(notes: list[Note]) -> None:
    assert notes[0]["overrides"] == {"key": 1}


@pytest.mark.contract("workflow.rules")
def test_the_workflow_has_every_rule_with_its_outputs_as_patterns(folder: Path, notes: list[Note]) -> None:
    assert notes[0]["outputs"] == {"all": [], "one": ["out/{name}.txt"], "two": ["by_run.txt"]}
    assert notes[0]["snakefiles"] == [str(folder / "Snakefile")]


@pytest.mark.contract(
    "workflow.current_basedir.get_path_or_uri",
    "workflow.modifier.is_main_snakefile",
    "workflow.modifier.path_modifier.prefix",
)
def test_a_snakefile_knows_where_it_is_and_whether_it_is_a_module(folder: Path, notes: list[Note]) -> None:
    assert [notes[0]["is_main_snakefile"], notes[0]["prefix"], notes[0]["here"]] == [True, None, str(folder)]
    (folder / "outer").mkdir()
    (folder / "outer" / "Snakefile").write_text(MODULE)
    (note,), _ = call(
        folder, "--snakefile", "outer/Snakefile", "--directory", "outer", "-n", "below/by_run.txt"
    )
    assert [note["is_main_snakefile"], note["prefix"], note["here"]] == [False, "below/", str(folder)]
    assert note["basedir"] == str(folder / "outer")


@pytest.mark.contract("workflow.execute", "workflow.dag_settings.targets")
def test_only_what_executes_a_workflow_calls_execute(folder: Path, notes: list[Note]) -> None:
    assert notes[0]["execute"] == {"name": "local", "dryrun": False, "touch": False}
    (dry,), _ = call(folder, "-n", "-F", "by_run.txt")
    assert [dry["execute"]["dryrun"], dry["targets"]] == [True, ["by_run.txt"]]
    (touched,), _ = call(folder, "--touch")
    assert touched["execute"]["touch"] is True
    (looked,), _ = call(folder, "--summary")
    assert "execute" not in looked


@pytest.mark.contract(
    "workflow.dag_settings.rerun_triggers",
    "workflow.rerun_triggers",
    "snakemake.settings.enums.RerunTrigger",
)
def test_what_makes_jobs_run_again_can_be_set(folder: Path, notes: list[Note]) -> None:
    assert notes[0]["triggers"] == ["input", "mtime", "params", "software-env"]
    assert "Nothing to be done" in call(folder, job=f"{JOB}# changed")[1]
    output = call(folder, "-n", "--rerun-triggers", "code", job=f"{JOB}print(1)")[1]
    assert "Nothing to be done" in output, "`code` was asked for and taken away"


@pytest.mark.contract(
    "workflow._prepare_dag",
    "workflow.persistence",
    "_read_record",
    "_write_record",
    "snakemake.persistence.MetadataRecord",
    "snakemake.persistence.RECORD_FORMAT_VERSION",
    "snakemake.persistence.file.FilePersistence",
)
def test_records_are_read_and_written_where_snakemake_does(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(folder)
    record = FilePersistence(nolock=True)._read_record("out/b.c.txt")
    assert record is not None
    assert [record.rule, record.input, record.params, record.log] == ["one", [], ["3"], ["b.c.log"]]
    assert [record.incomplete, record.record_format_version] == [False, RECORD_FORMAT_VERSION]
    assert isinstance(record.job_hash, int)
    (looked,), _ = call(folder, "-n")
    assert "out/b.c.txt" in looked["records"], "a dry run reads records differently"

    monkeypatch.chdir(tmp_path)
    written = MetadataRecord(
        rule="a", input=["b"], params=["1"], log=[], incomplete=False, starttime=1.0, endtime=2.0
    )
    FilePersistence(nolock=True)._write_record("c", written)
    found = FilePersistence(nolock=True)._read_record("c")
    assert found is not None
    assert [found.rule, found.input, found.params, found.endtime] == ["a", ["b"], ["1"], 2.0]
    assert FilePersistence(nolock=True)._read_record("d") is None


@pytest.mark.contract("workflow.dag", "workflow.dag.jobs")
def test_after_a_run_the_jobs_show_what_was_left_undone(folder: Path, notes: list[Note]) -> None:
    assert notes[0]["open"] == []
    assert ["one", ["out/b.c.txt"], ["b.c.log"]] in notes[0]["jobs"].values()
    failed, _ = call(folder, "-F", "--config", "break=1", code=1)
    assert {"one", "all"} <= set(failed[0]["open"])
    call(folder)


@pytest.mark.contract("snakemake.script.PythonScript", "_execute_cmd")
def test_the_python_of_a_job_is_in_the_commands_unquoted(notes: list[Note]) -> None:
    assert any("{py_exec} " in note.get("command", "") for note in notes)
    assert any(note.get("python") == sys.executable for note in notes)


def test_remote_executors_take_their_python_from_one_method() -> None:
    assert callable(RemoteExecutor.get_python_executable)


@pytest.mark.contract("snakemake.resources.ResourceValidationError")
def test_an_error_of_a_resource_is_printed_without_a_traceback(folder: Path) -> None:
    _, output = call(folder, "-F", "--config", "fail=1", code=1)
    assert "too much is asked for" in output
    assert "Traceback" not in output


def test_snakemake_keeps_its_records_where_recovery_looks_for_them(folder: Path) -> None:
    job = json.loads((folder / "out" / "b.c.txt").read_text())
    begun = base64.urlsafe_b64encode(b"out/b.c.txt").decode()
    assert job["found"].get(f"incomplete/{begun}") is True, (
        "the mark of an unfinished output has another name"
    )
    assert any(name.startswith("locks/") for name in job["found"])
    assert any(".snakemake/scripts/" in word for word in job["words"])
    assert list((folder / ".snakemake" / "metadata").iterdir())
    assert not list((folder / ".snakemake").glob("incomplete/*"))
    assert not list((folder / ".snakemake").glob("locks/*"))
