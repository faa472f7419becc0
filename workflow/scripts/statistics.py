"""Adapter: summarise the runs, a row per cell."""

from study import config, statistics, tables
from study.script import told

import kernels

with told(snakemake.log[0]):
    chosen = config.load(snakemake.params.config).statistics
    own_rates = {name: kernels.LOSSES["bce"].smoothness / loss.smoothness for name, loss in kernels.LOSSES.items()}
    cells = statistics.slowdown(
        tables.read("runs", snakemake.input.runs), own_rates, resamples=chosen.resamples, level=chosen.confidence
    )
    parts = statistics.decomposition(cells)
    for form in ("csv", "parquet"):
        tables.write(cells, "slowdown", snakemake.output[form])
        tables.write(parts, "decomposition", snakemake.output[f"decomposition_{form}"])
