"""Adapter: draw the data of one part of an experiment and make its runs."""

from study.catalogue import TABLES
from study.config import model as config
from study.experiments import runs
from study.job import job, note
from study.tables import store

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    checked = config.load(snakemake.params.config)
    made = runs.run(checked, snakemake.wildcards.part, note(snakemake.log[0]))
    store.write(made.data, TABLES["experiment_data"], snakemake.output.data)
    store.write(made.runs, TABLES["experiment_runs"], snakemake.output.runs)
