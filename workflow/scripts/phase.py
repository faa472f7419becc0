"""Adapter: lay measured and predicted slowdowns side by side."""

from study.config import model as config
from study.job import told
from study.tables import tables
from study.theory import phase

with told(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    flows, cells = (tables.read(name, snakemake.input[name]) for name in ("flow", "slowdown"))
    points = phase.phase(config.load(snakemake.params.config), flows, cells)
    for form in ("csv", "parquet"):
        tables.write(points, "phase", snakemake.output[form])
