"""Adapter: draw the history of the recorded runs."""

from pathlib import Path

from study.benchmarks import history
from study.job import note, told

with told(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    storages = [Path(folder) for folder in snakemake.params.storages]
    for line in history.write(storages, snakemake.output.csv, snakemake.output.html):
        note(snakemake.log[0])(line)
