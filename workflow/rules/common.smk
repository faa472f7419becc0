import re
import sys
from glob import glob
from pathlib import Path

from snakemake.utils import update_config

from study.config import model as study_config
from study.data import kinds as datasets
from study.provenance import recovery
from study import figures as study_figures
from study import pages
from study.runs import resources as study_resources
from study.errors import UserError
from study.provenance.sources import sources
from study.tables.tables import OF_A_STUDY, TABLES

# Whether this process may write results: it is no dry run, no linter, not asked for help, and not one of the processes
# that a run starts. (What is asked for is not known to Snakemake yet when it reads this.)
leads = (
    workflow.is_main_process
    and not workflow.output_settings.dryrun
    and not {"help", "--lint"} & set(sys.argv)
)


def say(text):
    print(text, file=sys.stderr, flush=True)


def told(action, *arguments):
    """What an action returns. A user's error ends Snakemake with its message alone, before anything runs."""
    try:
        return action(*arguments)
    except UserError as error:
        say(error)
        raise SystemExit(1) from None


def load(config):
    """The config and the user's own data files, checked. Numbers inside a value of `--config` get back their type."""
    update_config(config, study_config.typed(workflow.config_settings.config))
    checked = told(study_config.load, config)
    if leads:
        told(datasets.check, checked)
        told(recovery.claim)
    return checked


def recover():
    """See to it that no output is damaged or was left by another run; to be called when all rules are known."""
    if leads:
        patterns = {str(file) for rule in workflow.rules for file in rule.output}
        outputs = (glob(re.sub(r"\{[^}]*\}", "*", pattern)) for pattern in patterns)
        recovery.recover(sorted(path for found in outputs for path in found), say)


def only(*keys):
    """Those keys of the config that are given. Rules take what they depend on, and a change elsewhere leaves them alone."""
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
    found = {table for name in names for table in study_figures.FIGURES[name].tables}
    return [f"results/tables/{table}.parquet" for table in sorted(found)]


def growing(amount):
    """So much of a resource, and as much again at each further attempt."""
    return lambda wildcards, attempt: attempt * amount


def sweep_minutes(wildcards, input, attempt):
    """Time limit of a shard, from the plan's size; more at each further attempt."""
    return attempt * study_resources.sweep_minutes(checked, input.datasets)


def recorded_runs(*storages):
    """The files of every recorded run of some benchmark storages."""
    return sorted(
        str(path) for storage in storages for path in Path(storage).glob("*/*.json")
    )
