"""Adapter: print what the study will take."""

from study.config import model as config
from study.data import arrays
from study.job import told
from study.runs import plan
from study.tables import tables

with told(snakemake.log[0], snakemake.input):
    table = tables.read("datasets", snakemake.input.datasets)
    drawn = arrays.read(snakemake.input.arrays)
    print(plan.describe(config.load(snakemake.params.config), table, drawn))
