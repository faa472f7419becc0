"""Adapter: run the benchmarks and record them."""

from pathlib import Path

from study.benchmarks import record
from study.config import model as config
from study.job import job, note

with job(snakemake.log[0]):
    checked = config.load(snakemake.params.config)
    storage = Path(snakemake.params.storage)
    write = note(snakemake.log[0])
    repository = Path(snakemake.params.repository)
    file = record.record(repository, storage, checked.head, checked.benchmarks.record, write)
    write(f"Recorded {file}; `snakemake history` draws the history.")
