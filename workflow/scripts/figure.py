"""Adapter: draw one figure."""

from pathlib import Path

from study import figures, tables
from study.script import told

with told(snakemake.log[0]):
    frames = {Path(path).stem: tables.read(Path(path).stem, path) for path in snakemake.input.get("tables", [])}
    figures.write(snakemake.params.figure, frames, snakemake.output.svg, snakemake.output.png)
