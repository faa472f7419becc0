"""Adapter: put the shards together, in the order of the runs."""

from study.job import told
from study.tables import tables

with told(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    for name in ("runs", "curves"):
        tables.merge(name, snakemake.input[name], snakemake.output[name])
