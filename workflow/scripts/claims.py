"""Adapter: judge the claims."""

from study import arrays, claims, config, evidence, tables
from study.script import told

with told(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    frames = {name: tables.read(name, snakemake.input[name]) for name in ("datasets", "arrivals", "slowdown", "minima")}
    frames["runs"] = tables.scan("runs", snakemake.input.runs, where=evidence.compared())
    checked = config.load(snakemake.params.config)
    judged = claims.table(evidence.gather(checked, frames, arrays.read(snakemake.input.arrays)))
    for path in snakemake.output:
        tables.write(judged, "claims", path)
