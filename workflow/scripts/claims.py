"""Adapter: judge the claims."""

from study.claims import catalogue as claims
from study.claims import evidence
from study.config import model as config
from study.data import arrays
from study.job import told
from study.tables import tables

with told(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    frames = {name: tables.read(name, snakemake.input[name]) for name in ("datasets", "arrivals", "slowdown", "minima")}
    frames["runs"] = tables.scan("runs", snakemake.input.runs, where=evidence.compared())
    checked = config.load(snakemake.params.config)
    judged = claims.table(evidence.gather(checked, frames, arrays.read(snakemake.input.arrays)))
    for path in snakemake.output:
        tables.write(judged, "claims", path)
