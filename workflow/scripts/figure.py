"""Adapter: draw one figure."""

from pathlib import Path

from study import figures
from study.script import told

with told(snakemake.log[0]):
    folder = Path(snakemake.input.tables[0]).parent
    figures.write(snakemake.wildcards.figure, folder, snakemake.output.svg, snakemake.output.png)
