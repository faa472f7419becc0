from pathlib import Path

from snakemake.exceptions import WorkflowError

from study import config as study_config
from study import figures as study_figures
from study.errors import UserError
from study.sources import sources
from study.tables import TABLES

try:
    checked = study_config.load(config)
except UserError as error:
    raise WorkflowError(f"The config cannot be used.\n{error}") from None


def only(*keys):
    """The part of the config that a rule depends on: a change elsewhere does not run it again."""
    return {key: config[key] for key in keys if key in config}


def files(name):
    """The files of a table, by suffix."""
    return {suffix[1:]: f"results/{TABLES[name].path}{suffix}" for suffix in TABLES[name].suffixes}


templates = sorted(str(path) for path in (Path(study_config.__file__).parent / "templates").iterdir())
shards = range(checked.number_of_shards)
tables = [path for name in ("datasets", "runs", "curves", "slowdown", "decomposition") for path in files(name).values()]
figures = expand("results/figures/{figure}.{form}", figure=study_figures.FIGURES, form=("svg", "png"))
