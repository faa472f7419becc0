"""Adapter: draw some figures."""

from pathlib import Path

from study import figures
from study.job import told
from study.statistics import aggregation

with told(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    folder = Path(snakemake.input.tables[0]).parent
    frames = aggregation.quoted(folder, [Path(path).stem for path in snakemake.input.tables])
    for name, svg, png in zip(snakemake.params.figures, snakemake.output.svg, snakemake.output.png, strict=True):
        figures.write(name, frames, svg, png)
