"""Adapter: gather the parts of the experiments and compare their methods."""

from pathlib import Path

import pandas as pd
from study.catalogue import TABLES
from study.config import model as config
from study.experiments.runs import compare
from study.job import job
from study.tables import store
from study.tables.table import conform


def gathered(name, paths):
    """One table from its parts, none of them where the config leaves all experiments out."""
    table = TABLES[name]
    parts = [store.read(table, path) for path in paths]
    return conform(pd.concat([pd.DataFrame(columns=list(table.dtypes)), *parts]), table)


with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    made = {
        "experiment_data": gathered("experiment_data", snakemake.input.data),
        "experiment_runs": gathered("experiment_runs", snakemake.input.runs),
    }
    made |= compare(config.load(snakemake.params.config), [made["experiment_runs"]])
    for path in snakemake.output:
        store.write(made[Path(path).stem], TABLES[Path(path).stem], path)
