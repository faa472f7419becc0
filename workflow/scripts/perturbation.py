"""Adapter: make runs again from starts moved by one part in 1e14."""

from study.catalogue import TABLES
from study.config import model as config
from study.data import arrays
from study.job import job, note
from study.sensitivity import perturbation, screen
from study.sensitivity.tables import PERTURBATION
from study.tables import store

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    names = ("answers", "headline", "arrivals")
    frames = {name: store.read(TABLES[name], snakemake.input[name]) for name in names}
    checked = config.load(snakemake.params.config)
    runs = screen.read_runs(snakemake.input.runs, perturbation.needed(frames, checked.seed))
    drawn = arrays.read(snakemake.input.arrays, runs["data"].unique())
    made = perturbation.perturbation(checked, frames, runs, drawn, note(snakemake.log[0]))
    for path in snakemake.output:
        store.write(made, PERTURBATION, path)
