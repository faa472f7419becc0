"""Adapter: run the published demonstrations again."""

from study.catalogue import TABLES
from study.config import model as config
from study.experiments import demonstrations
from study.job import job
from study.tables import store

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    made = demonstrations.table(config.load(snakemake.params.config).seed)
    for path in snakemake.output:
        store.write(made, TABLES["demonstrations"], path)
