"""Adapter: gather the parts of the experiments and compare their methods."""

from pathlib import Path

from study.catalogue import TABLES
from study.config import model as config
from study.experiments.runs import compare
from study.job import job
from study.tables import store
from study.tables.table import gathered


def read(name, paths):
    """One table from its parts, none of them where the config leaves all experiments out."""
    return gathered((store.read(TABLES[name], path) for path in paths), TABLES[name])


with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    made = {
        "experiment_data": read("experiment_data", snakemake.input.data),
        "experiment_runs": read("experiment_runs", snakemake.input.runs),
    }
    made |= compare(config.load(snakemake.params.config), made["experiment_runs"])
    for path in snakemake.output:
        store.write(made[Path(path).stem], TABLES[Path(path).stem], path)
