"""Adapter: summarise the runs, a row per cell."""

from pathlib import Path

from study.catalogue import TABLES
from study.config import model as config
from study.job import job
from study.runs.plan import stable_rates
from study.statistics import aggregation
from study.tables import store

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    chosen = config.load(snakemake.params.config).statistics
    made = aggregation.summary_tables(
        snakemake.input.runs,
        stable_rates(),
        folds=chosen.folds,
        resamples=chosen.resamples,
        level=chosen.confidence,
    )
    for path in snakemake.output:
        store.write(made[Path(path).stem], TABLES[Path(path).stem], path)
