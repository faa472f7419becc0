"""Adapter: expand the grid of the config into the plan."""

from study.config import model as config
from study.data.tables import DATASETS
from study.job import job
from study.runs import plan
from study.runs.tables import PLAN
from study.tables import store

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    parts = plan.blocks(config.load(snakemake.params.config), store.read(DATASETS, snakemake.input.datasets))
    store.write_parts(parts, PLAN, snakemake.output.plan)
