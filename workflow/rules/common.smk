import re
import sys
from glob import glob
from importlib.util import find_spec
from pathlib import Path

from snakemake.resources import ResourceValidationError
from snakemake.settings.enums import RerunTrigger
from snakemake.utils import update_config

# The code must be that of this Snakefile: with the environment of another clone or work tree, it would be the
# other one's.
found = find_spec("study")
if not found or not Path(found.origin).resolve().is_relative_to(root.resolve()):
    sys.exit(
        f"study: imported from {Path(found.origin).parent if found else 'nowhere'}, but this Snakefile is in"
        f" {root}; use an environment of that folder's own (python3 -m venv), and in it, there:"
        " pip install --no-deps --no-build-isolation -e ."
    )
try:
    import study
except ImportError as error:
    sys.exit(str(error))

from study import machine

machine.check_memory()  # before large libraries are loaded
machine.check_numba()
machine.name_user()

from study.benchmarks import ancestry
from study.runs import draw
from study.config import model as study_config
from study.config import written as config_text
from study.data import kinds as datasets
from study.estimate import resources as study_resources
from study.experiments import views as experiments
from study.provenance import receipts, records, recovery
from study.errors import UserError, shortage
from study.provenance import partial as partial_report
from study.provenance.fingerprints import contents
from study.remembered import drawn, fingerprint, templates
from study.catalogue import OF_A_STUDY, TABLES

# The class whose prose, the captions, appears in the report.
CAPTIONS = "study.figures.style.Entry"

# Every figure by name, in the order of the report: its title, its tables and its part.
every_figure = drawn()

# Whether this is the whole workflow, and not a module of another one.
whole = workflow.modifier.is_main_snakefile()


def say(text):
    print(text, file=sys.stderr, flush=True)


def report_errors(action, *arguments):
    """What an action returns. A `UserError` ends Snakemake with its message alone, before anything runs."""
    try:
        return action(*arguments)
    except UserError as error:
        say(error)
        raise SystemExit(1) from None


report_errors(machine.check_place, root, workflow.modifier.path_modifier.prefix)

fitting = machine.fitting_cores(workflow.resource_settings.cores)
if whole and fitting != workflow.resource_settings.cores:
    say(
        f"Of {workflow.cores} cores, this container may use {fitting}: no more jobs run at once."
    )
    workflow.global_resources["_cores"] = workflow.resource_settings.cores = fitting


def load(config):
    """The config, checked. Numbers inside a value of `--config` get back their type."""
    if whole:
        if workflow.is_main_process:
            report_errors(config_text.check, map(Path, workflow.configfiles))
        update_config(config, study_config.typed(workflow.config_settings.config))
    return report_errors(study_config.load, config)


def outputs():
    """Every existing file that a rule of this workflow writes, and the rule's name."""
    here = [
        known for known in workflow.rules if Path(known.snakefile).is_relative_to(root)
    ]
    patterns = {str(file): known.name for known in here for file in known.output}
    return {
        path: patterns[pattern]
        for pattern in sorted(patterns)
        for path in sorted(glob(re.sub(r"\{[^}]*\}", "*", pattern)))
    }


def execute(executor_plugin, **settings):
    """Execute the workflow, after making sure that no other run is at work and nothing it uses is damaged.

    What Snakemake does besides executing a workflow (reports, graphs, lists, ...) does not call this, so it
    changes nothing. A dry run and `--touch` execute none of our code, and `help` and `check` only print.
    """
    # A job's code is a parameter (`fingerprint`); when its script was written does not matter.
    if whole:
        workflow.dag_settings.rerun_triggers = workflow.rerun_triggers - {
            RerunTrigger.CODE
        }
    machine.quote_interpreter(executor_plugin.executor)
    kind = executor_plugin.common_settings
    targets = set(workflow.dag_settings.targets)
    looks = kind.dryrun_exec or kind.touch_exec or targets in ({"help"}, {"check"})
    if workflow.is_main_process and targets == {"check"}:
        report_errors(draw.check, checked)
    if workflow.is_main_process and not looks:
        if executor_plugin.name == "slurm":
            report_errors(machine.check_slurm)
        report_errors(draw.check, checked)
        report_errors(recovery.claim)
        machine.place_code(say)
        recovery.recover(outputs(), say)
    try:
        return _execute(executor_plugin=executor_plugin, **settings)
    except Exception as error:
        if (line := shortage(error)) is None:
            raise
        # Snakemake prints this one without a traceback.
        raise ResourceValidationError(line) from None


def prepare(**settings):
    """Prepare what Snakemake knows about the jobs: for results copied here, what their receipts say."""
    _prepare(**settings)
    if workflow.is_main_process and recovery.without_records():
        found = receipts.read_all()
        proven = recovery.proven(outputs(), found)
        records.lend(workflow.persistence, found, proven, outputs())


def report_partially():
    """After a run that failed: write what was made, what is missing, and the logs of the jobs that failed."""
    dag = workflow.dag
    open_jobs = [
        each for each in dag.jobs if dag.needrun(each) and not dag.finished(each)
    ]
    missing = {str(file): each.rule.name for each in open_jobs for file in each.output}
    if not missing:
        return
    begun = recovery.CLAIM.stat().st_mtime
    logs = {str(each): Path(each.log[0]) for each in open_jobs if each.log}
    failed = {
        name: log
        for name, log in logs.items()
        if log.exists() and log.stat().st_mtime >= begun
    }
    made = {str(file) for each in dag.jobs for file in each.output} - missing.keys()
    # What made the jobs fail, such as a full disk, may make this fail too.
    try:
        partial_report.write(made, missing, failed)
    except OSError as error:
        say(f"{partial_report.PAGE}: cannot be written ({error.strerror})")
    else:
        say(f"{partial_report.PAGE}: what was made, and what is missing")


_execute, workflow.execute = workflow.execute, execute
_prepare, workflow._prepare_dag = workflow._prepare_dag, prepare


def only(*keys):
    """Those keys of the config that are given: a rule takes the keys it depends on, and no others."""
    return {key: config[key] for key in keys if key in config}


def table_files(*names):
    """The files of tables, in all their forms."""
    return [
        f"results/{TABLES[name].path}{suffix}"
        for name in names
        for suffix in TABLES[name].suffixes
    ]


def tables_of_figures(names):
    """The files of the tables that some figures read."""
    found = {table for name in names for table in every_figure[name]["tables"]}
    return [f"results/tables/{table}.parquet" for table in sorted(found)]


def growing(amount):
    """An amount of a resource, and as much again at each further attempt."""
    return lambda wildcards, attempt: attempt * amount


def by_data(amount):
    """An amount of a resource by the sizes of the data sets; more at each further attempt."""

    def needed(wildcards, input, attempt):
        return attempt * sized(amount, checked, input.datasets)

    return needed


def by_part(amount):
    """An amount of a resource by the part of an experiment; more at each further attempt."""
    return lambda wildcards, attempt: attempt * sized(amount, checked, wildcards.part)


def sized(amount, *arguments):
    """An amount of a resource; a lack of memory ends Snakemake without a traceback."""
    try:
        return amount(*arguments)
    except Exception as error:
        if (line := shortage(error)) is None:
            raise
        raise ResourceValidationError(line) from None


def recorded_commits(recorded):
    """The commits of recorded runs that this repository has, in order, from the names of the files."""
    return ancestry.known(root, re.findall(r"_([0-9a-f]{40})_", " ".join(recorded)))
