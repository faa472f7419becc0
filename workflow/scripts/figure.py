"""Adapter: draw one figure."""

from pathlib import Path

from study import aggregation, figures
from study.script import told

with told(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    folder = [Path(path).parent for path in snakemake.input.get("tables", [])]
    names = figures.FIGURES[snakemake.params.figure].tables
    frames = aggregation.quoted(folder[0], names) if folder else {}
    figures.write(snakemake.params.figure, frames, snakemake.output.svg, snakemake.output.png)
