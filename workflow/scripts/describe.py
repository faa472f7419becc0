"""Adapter: print what the study will take."""

from study import arrays, config, plan, tables
from study.script import told

with told(snakemake.log[0], snakemake.input):
    table = tables.read("datasets", snakemake.input.datasets)
    drawn = arrays.read(snakemake.input.arrays)
    print(plan.describe(config.load(snakemake.params.config), table, drawn))
