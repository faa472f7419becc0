"""Adapter: draw the data sets of the config and write them with their facts."""

from study import arrays, config, datasets, tables
from study.script import told

with told(snakemake.log[0]):
    table, drawn = datasets.build(config.load(snakemake.params.config))
    arrays.write(drawn, snakemake.output.arrays)
    for path in (snakemake.output.csv, snakemake.output.parquet):
        tables.write(table, "datasets", path)
