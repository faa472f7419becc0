"""Adapter: solve the gradient flow on the drawn data."""

from study.config import model as config
from study.data import arrays
from study.data.tables import DATASETS
from study.job import job, note
from study.runs.sweep import Progress
from study.tables import store
from study.theory import phase
from study.theory.tables import FLOW

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    chosen = config.load(snakemake.params.config)
    table = store.read(DATASETS, snakemake.input.datasets)
    progress = Progress("flow", phase.number_of_runs(chosen, table), note(snakemake.log[0]))
    flows = phase.flow(chosen, table, arrays.read(snakemake.input.arrays), progress)
    store.write(flows, FLOW, snakemake.output.flow)
