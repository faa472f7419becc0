from pathlib import Path

from snakemake.exceptions import WorkflowError

from study import config as study_config
from study import figures as study_figures
from study.errors import UserError
from study.sources import sources
from study.tables import TABLES


def load(config):
    """The config, checked: what is wrong with it is told before anything runs."""
    try:
        return study_config.load(config)
    except UserError as error:
        raise WorkflowError(f"The config cannot be used.\n{error}") from None


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
