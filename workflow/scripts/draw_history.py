"""Adapter: draw the history of the recorded runs."""

from pathlib import Path

from study import git
from study.benchmarks import history_page
from study.job import job, note

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    storages = [Path(folder) for folder in snakemake.params.storages]
    for line in history_page.write(storages, snakemake.output.csv, snakemake.output.html, git.ROOT):
        note(snakemake.log[0])(line)
