"""Adapter: expand the grid of the config into the plan."""

from study import config, plan, tables
from study.script import told

with told(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    parts = plan.blocks(config.load(snakemake.params.config), tables.read("datasets", snakemake.input.datasets))
    tables.write_parts(parts, "plan", snakemake.output.plan)
