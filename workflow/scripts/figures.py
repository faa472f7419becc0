"""Adapter: draw some figures."""

from pathlib import Path

from study import figures
from study.catalogue import TABLES
from study.job import job
from study.statistics import aggregation

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    folder = Path(snakemake.input.tables[0]).parent
    frames = aggregation.quoted(folder, [TABLES[Path(path).stem] for path in snakemake.input.tables])
    forms = snakemake.output.svg, snakemake.output.png, snakemake.output.pdf
    for name, *paths in zip(snakemake.params.figures, *forms, strict=True):
        figures.write(name, frames, *paths)
