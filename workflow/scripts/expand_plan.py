"""Adapter: expand the grid of the config into the plan."""

from study.config import model as config
from study.job import told
from study.runs import plan
from study.tables import tables

with told(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    parts = plan.blocks(config.load(snakemake.params.config), tables.read("datasets", snakemake.input.datasets))
    tables.write_parts(parts, "plan", snakemake.output.plan)
