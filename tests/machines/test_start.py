"""Starting the study on an unusual machine: it works, or names in a line what is missing before it runs."""

from __future__ import annotations

import inspect
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from snakemake.script import PythonScript
from study import machine
from study.errors import UserError

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests" / "reproducibility" / "tiny.yaml"
SMOKE = ROOT / "config" / "smoke.yaml"
OUTER = """
rule first:
    input: "results/report.html", "mine/copy.txt"

configfile: "mine.yaml"

module mvb:
    snakefile: {snakefile!r}
    config: config["mvb"]
    {more}

use rule * from mvb as mvb_*

rule copy:
    input: rules.mvb_page.output.markdown
    output: "mine/copy.txt"
    shell: "cp {{input}} {{output}}"
"""


def snakemake(folder: Path, *words: str, **given: str) -> subprocess.CompletedProcess[str]:
    """Run Snakemake in a folder; `given` replaces variables of the environment."""
    command = [sys.executable, "-m", "snakemake", *words]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=folder, env={**os.environ, **given}
    )


def shipped(folder: Path, *words: str, **given: str) -> subprocess.CompletedProcess[str]:
    place = ["--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    return snakemake(ROOT, *words, *place, "--configfile", str(TINY), **given)


@pytest.mark.slow
def test_the_study_installs_and_runs_under_a_path_with_a_blank_an_umlaut_and_a_quote(tmp_path: Path) -> None:
    project = tmp_path / "my friend's Projekt \u00fc & (more)"
    left_out = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "results", "build")
    shutil.copytree(ROOT, project, ignore=left_out)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], check=True, cwd=project)
    python = project / ".venv" / "bin" / "python"
    # The packages of this environment without its install of the project: no .pth file in there is read.
    packages = next((project / ".venv").glob("lib/*/site-packages"))
    (packages / "here.pth").write_text(sysconfig.get_path("purelib") + "\n")
    install = [
        python,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-e",
        ".",
    ]
    subprocess.run(install, check=True, cwd=project)
    for words in (("-n",), ("--configfile", str(TINY)), ("help",)):
        done = subprocess.run(
            [python, "-m", "snakemake", *words], capture_output=True, text=True, check=False, cwd=project
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert (project / "results" / "report.html").exists()


def test_snakemake_still_starts_a_script_as_the_quoting_expects() -> None:
    source = inspect.getsource(PythonScript.execute_script)
    assert (
        '"{py_exec} {fname:q}"' in source or "{py_exec:q}" in source
    )  # the latter: fixed in Snakemake, no quoting needed here


@pytest.mark.parametrize(("folder", "sign"), [("/a/{b}/c", "{ or }"), ("/a/<b/c", "<")])
def test_a_path_with_wildcards_of_snakemake_is_reported(folder: str, sign: str) -> None:
    with pytest.raises(UserError, match=f"cannot run from a path with {sign}; move"):
        machine.check_place(Path(folder), None)
    machine.check_place(Path("/a b/\u00fc's $x"), None)


@pytest.fixture
def outer(tmp_path: Path) -> Path:
    """Another workflow that uses this one as a module."""
    (tmp_path / "Snakefile").write_text(OUTER.format(snakefile=str(ROOT / "Snakefile"), more=""))
    indented = "".join(f"  {line}\n" for line in TINY.read_text().splitlines())
    (tmp_path / "mine.yaml").write_text(f"own: 1\nmvb:\n{indented}")
    return tmp_path


def test_as_a_module_it_plans_the_same_jobs_without_a_warning(outer: Path) -> None:
    done = snakemake(outer, "-n", "--cores", "2", "--config", "own=3")
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    assert "Descending: shard 1 of 4" in output
    assert "NameError" not in output
    assert "localrules" not in output
    jobs = [
        line.split()[0]
        for line in output.partition("Job stats:")[2].partition("total")[0].splitlines()
        if line
    ]
    assert jobs[-2:] == ["copy", "first"]  # the outer workflow's own target stays the default
    assert {job.partition("_")[0] for job in jobs[2:-2]} == {"mvb"}


def test_a_prefix_is_reported(outer: Path) -> None:
    (outer / "Snakefile").write_text(OUTER.format(snakefile=str(ROOT / "Snakefile"), more="prefix: 'sub'"))
    done = snakemake(outer, "-n", "--cores", "2")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("module prefix: 'sub/' is not possible")


@pytest.mark.slow
def test_as_a_module_it_verifies_and_leaves_the_files_of_others_alone(outer: Path) -> None:
    indented = "".join(f"  {line}\n" for line in SMOKE.read_text().splitlines())
    (outer / "mine.yaml").write_text(f"mvb:\n{indented}")
    done = snakemake(outer, "--cores", "2", "mvb_verify", "mine/copy.txt")
    assert done.returncode == 0, done.stderr
    assert "Identical to the reference smoke" in done.stderr
    before = (outer / "mine" / "copy.txt").stat()
    done = snakemake(outer, "--cores", "2", "first")
    assert done.returncode == 0, done.stderr
    assert "copy" not in done.stderr.partition("Job stats:")[2].partition("total")[0]
    assert (outer / "mine" / "copy.txt").stat() == before


def test_a_machine_without_slurm_is_reported_before_anything_is_submitted(tmp_path: Path) -> None:
    commands = tmp_path / "bin"
    commands.mkdir()
    for name in ("bash", "git", "which"):
        (commands / name).symlink_to(shutil.which(name) or name)
    done = shipped(tmp_path, "--profile", str(ROOT / "profiles" / "slurm"), PATH=str(commands))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        "No Slurm here: sbatch, squeue, scancel, sacct not found on PATH."
    )
    assert "Traceback" not in done.stderr
    assert "Error in rule" not in done.stderr
