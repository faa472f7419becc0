"""Adapter: find the local minima of the made data sets."""

from study import minima, tables
from study.script import told

with told(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    found = minima.table()
    for path in snakemake.output:
        tables.write(found, "minima", path)
