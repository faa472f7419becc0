"""Adapter: make one choice behind the answer differently at a time."""

from study.catalogue import TABLES
from study.config import model as config
from study.data import arrays
from study.job import job, note
from study.sensitivity import choices, screen
from study.sensitivity.tables import SENSITIVITY
from study.tables import store

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    names = ("answers", "headline", "datasets")
    frames = {name: store.read(TABLES[name], snakemake.input[name]) for name in names}
    runs = screen.read_runs(snakemake.input.runs, choices.needed(frames))
    drawn = arrays.read(snakemake.input.arrays, runs["data"].unique())
    checked = config.load(snakemake.params.config)
    made = choices.sensitivity(checked, frames, runs, drawn, note(snakemake.log[0]))
    for path in snakemake.output:
        store.write(made, SENSITIVITY, path)
