"""Read-only commands change nothing in `results/`, whatever its state, and are not refused during a run.

Which commands there are is taken from Snakemake's own command line, so that a new one is tried too.
"""

from __future__ import annotations

import ast
import inspect
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import running
from snakemake import cli

pytestmark = pytest.mark.processes

RUNS = {
    "deploy_sources": "unpacks a workflow elsewhere; takes an address",
    "report_after_run": "a run, and a report after it",
    "delete_all_output": "is there to remove results",
    "delete_temp_output": "is there to remove results",
}
VALUES = {
    "archive": ["{folder}/archive.tar.gz"],
    "cleanup_metadata": ["results/report.md"],
    "generate_unit_tests": ["{folder}/unit"],
    "list_changes": ["params"],
    "report": ["{folder}/snakemake.html"],
    "reporter": ["html", "--report-html-path", "{folder}/reporter.html"],
}
"""Values of the options that need one; files are written to `folder`."""

MORE = [
    ["-n"],
    ["-n", "--forceall"],
    ["-n", "report"],
    ["-n", "--delete-all-output"],
    ["help"],
    ["check"],
    ["--help"],
]


def options() -> dict[str, str]:
    """By name, every option that makes Snakemake do something other than execute the workflow."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(cli.args_to_api)))
    found = {"report", "reporter"}
    for node in (node for node in ast.walk(tree) if isinstance(node, ast.If)):
        inner = [
            part for statement in node.body for part in ast.walk(statement) if isinstance(part, ast.Call)
        ]
        calls = {
            ast.unparse(call.func).partition(".")[0] for call in inner if not isinstance(call.func, ast.Name)
        }
        if calls & {"dag_api", "workflow_api", "snakemake_api"}:
            found |= {
                part.attr
                for part in ast.walk(node.test)
                if isinstance(part, ast.Attribute) and ast.unparse(part.value) == "args"
            }
    known = {
        action.dest: action.option_strings[0]
        for action in cli.get_argument_parser()._actions
        if action.option_strings
    }
    return {name: known[name] for name in sorted(found)}


def commands(folder: Path) -> list[list[str]]:
    """Every read-only command, as words of a command line."""
    takes = {action.dest: action.nargs for action in cli.get_argument_parser()._actions}
    found = []
    for name, option in options().items():
        if name not in RUNS:
            assert name in VALUES or takes[name] in {0, "?"}, f"add to VALUES a value to try {option} with"
            found.append([option, *(value.format(folder=folder) for value in VALUES.get(name, []))])
    return found + MORE


def look(folder: Path, words: list[list[str]]) -> list[dict[str, Any]]:
    """Run commands in a study; return the result of each."""
    path = os.pathsep.join(map(str, (running.ROOT, running.ROOT / "workflow")))
    command = [
        sys.executable,
        str(Path(__file__).with_name("looking.py")),
        str(running.ROOT),
        str(folder),
        json.dumps(words),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": path}
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_options_are_found() -> None:
    found = options()
    assert {
        "summary",
        "detailed_summary",
        "lint",
        "dag",
        "unlock",
        "archive",
        "list_untracked",
    } <= found.keys()
    utilities = next(g for g in cli.get_argument_parser()._action_groups if g.title == "UTILITIES")
    listed = {action.dest for action in utilities._group_actions}
    listed -= {
        "skip_script_cleanup",
        "keep_incomplete",
        "drop_metadata",
        "version",
    }  # how to run, or done by the parser
    # Snakemake 9.27 accepts --export-cwl, ignores it and runs the workflow: that is a run.
    assert listed - found.keys() == {"export_cwl"}


def edited(study: Path, *, records: bool) -> Path:
    """A study whose report was edited by hand, with or without Snakemake's records."""
    with (study / "results" / "report.html").open("a") as file:
        file.write("edited by hand")
    if not records:
        shutil.rmtree(study / ".snakemake")
    return study


def test_some_read_only_commands_change_nothing(study: Path) -> None:
    words = [["--summary"], ["-n"], ["--dag"], ["help"], ["check"]]
    for command, gave in zip(words, look(edited(study, records=False), words), strict=True):
        assert gave["changed"] == [], (command, gave["said"])
        assert gave["code"] == 0, gave["said"]


@pytest.mark.slow
@pytest.mark.parametrize("records", [True, False], ids=["with records", "without"])
def test_read_only_commands_change_nothing(study: Path, records: bool) -> None:
    words = commands(study)
    for command, gave in zip(words, look(edited(study, records=records), words), strict=True):
        assert gave["changed"] == [], (command, gave["said"])


@pytest.mark.slow
def test_read_only_commands_are_not_refused_during_a_run(study: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--forcerun",
        "minima",
        "--snakefile",
        str(running.ROOT / "Snakefile"),
    ]
    command += ["--profile", str(running.ROOT / "profiles/default"), "--directory", str(study)]
    path = os.pathsep.join(map(str, (running.ROOT, running.ROOT / "workflow")))
    with (study / "said").open("w") as output:
        live = subprocess.Popen(
            [*command, "--configfile", str(study / "tiny.yaml")],
            stdout=output, stderr=output, start_new_session=True, env=os.environ | {"PYTHONPATH": path},
        )  # fmt: skip
    try:
        while not any(
            "/scripts/" in word for p in psutil.Process(live.pid).children(True) for word in p.cmdline()
        ):
            assert live.poll() is None, (study / "said").read_text()
            time.sleep(0.05)
        os.killpg(
            live.pid, signal.SIGSTOP
        )  # in the middle of a job, so that only the commands could change a file
        words = commands(study)
        for command, gave in zip(words, look(study, words), strict=True):
            assert gave["changed"] == [], (command, gave["said"])
            assert "is at work" not in gave["said"], command
        refused = running.snakemake(study, "--configfile", str(study / "tiny.yaml"))
        assert "is at work" in refused.stderr
    finally:
        os.killpg(live.pid, signal.SIGCONT)
    assert live.wait(600) == 0, (study / "said").read_text()


def test_an_edited_result_is_kept_aside_by_a_run(study: Path) -> None:
    page = (study / "results" / "report.html").read_bytes()
    output = running.tiny(edited(study, records=True))
    assert "results/report.html: edited or damaged" in output
    assert (study / "results" / "report.html").read_bytes() == page
    assert (study / "results" / "set-aside" / "report.html").read_bytes() == page + b"edited by hand"
    assert running.due(study) == set()
