"""Adapter: print the size of the study and its expected run time."""

from study.config import model as config
from study.data import arrays
from study.data.tables import DATASETS
from study.job import job, show
from study.runs import estimate
from study.tables import store

with job(snakemake.log[0], snakemake.input):
    table = store.read(DATASETS, snakemake.input.datasets)
    drawn = arrays.read(snakemake.input.arrays)
    show(estimate.describe(config.load(snakemake.params.config), table, drawn))
