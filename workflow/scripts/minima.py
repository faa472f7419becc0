"""Adapter: find the local minima of the constructed data sets."""

from study.job import job
from study.tables import store
from study.theory import minima
from study.theory.tables import MINIMA

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    found = minima.table()
    for path in snakemake.output:
        store.write(found, MINIMA, path)
