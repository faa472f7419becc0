"""Adapter: judge the claims."""

from study.catalogue import TABLES
from study.claims import catalogue as claims
from study.claims import evidence
from study.claims.tables import CLAIMS
from study.config import model as config
from study.data import arrays
from study.job import job
from study.runs.tables import RUNS
from study.tables import store

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    names = ("datasets", "arrivals", "answers", "minima")
    frames = {name: store.read(TABLES[name], snakemake.input[name]) for name in names}
    frames["runs"] = store.scan(RUNS, snakemake.input.runs, where=evidence.compared())
    checked = config.load(snakemake.params.config)
    judged = claims.table(evidence.gather(checked, frames, arrays.read(snakemake.input.arrays)))
    for path in snakemake.output:
        store.write(judged, CLAIMS, path)
