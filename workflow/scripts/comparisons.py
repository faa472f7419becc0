"""Adapter: compare methods, from their runs."""

from pathlib import Path

from study.catalogue import TABLES
from study.config import model as config
from study.job import job
from study.methods.compare import compare
from study.tables import store
from study.tables.table import gathered

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    table = TABLES["method_runs"]
    runs = gathered((store.read(table, path) for path in snakemake.input), table)
    made = compare(config.load(snakemake.params.config), runs) | {"method_runs": runs}
    for path in snakemake.output:
        store.write(made[Path(path).stem], TABLES[Path(path).stem], path)
