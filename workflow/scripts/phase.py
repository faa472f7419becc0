"""Adapter: put measured and predicted slowdowns side by side."""

from study.catalogue import TABLES
from study.config import model as config
from study.job import job
from study.statistics.headline import Headline
from study.tables import store
from study.theory import phase
from study.theory.tables import PHASE

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    flows, cells, chosen = (
        store.read(TABLES[name], snakemake.input[name]) for name in ("flow", "slowdown", "headline")
    )
    points = phase.phase(config.load(snakemake.params.config), flows, cells, Headline.read(chosen).rate)
    for form in ("csv", "parquet"):
        store.write(points, PHASE, snakemake.output[form])
