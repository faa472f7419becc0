"""Adapter: find the local minima of the made data sets."""

from study.job import told
from study.tables import tables
from study.theory import minima

with told(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    found = minima.table()
    for path in snakemake.output:
        tables.write(found, "minima", path)
