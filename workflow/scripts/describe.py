"""Adapter: print the size of the study and its expected run time."""

from study.config import model as config
from study.estimate.describe import describe
from study.job import job, show

with job(snakemake.log[0]):
    show(describe(config.load(snakemake.params.config)))
