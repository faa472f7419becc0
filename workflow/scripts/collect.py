"""Adapter: put the shards together, in the order of the plan."""

import pandas as pd
from study import tables
from study.script import told

with told(snakemake.log[0]):
    for name in ("runs", "curves"):
        parts = [tables.read(name, path) for path in snakemake.input[name]]
        tables.write(pd.concat(parts, ignore_index=True), name, snakemake.output[name])
