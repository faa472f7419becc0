"""Adapter: expand the grid of the config into the plan."""

from study import config, plan, tables
from study.script import told

with told(snakemake.log[0]):
    rows = plan.expand(config.load(snakemake.params.config), tables.read("datasets", snakemake.input.datasets))
    tables.write(rows, "plan", snakemake.output.plan)
