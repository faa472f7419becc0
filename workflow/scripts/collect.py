"""Adapter: put the shards together, in the order of the runs."""

from study.catalogue import TABLES
from study.job import job
from study.tables import store

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    for name in ("runs", "curves"):
        store.merge(TABLES[name], snakemake.input[name], snakemake.output[name])
