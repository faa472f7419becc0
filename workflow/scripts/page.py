"""Adapter: write the report and its summary."""

from pathlib import Path

from study import git, report
from study.config import model as config
from study.job import job

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    checked = config.load(snakemake.params.config)
    report.write(
        Path(snakemake.input.tables[0]).parent,
        snakemake.input.figures,
        snakemake.output.html,
        snakemake.output.markdown,
        snakemake.output.summary,
        snakemake.output.card,
        commit=git.described(),
        config=checked.as_yaml(),
        level=checked.statistics.confidence,
        resamples=checked.statistics.resamples,
        hold=checked.hold,
    )
