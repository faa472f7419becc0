"""Adapter: make the runs of one method."""

from study.catalogue import TABLES
from study.config import model as config
from study.data import arrays
from study.job import job, note
from study.methods import runs
from study.runs.sweep import Progress
from study.tables import store

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    checked, name = config.load(snakemake.params.config), snakemake.wildcards.method
    (method,) = (one for one in checked.methods if one.name == name)
    table = store.read(TABLES["datasets"], snakemake.input.datasets)
    rows = runs.plan(checked, method, table)
    drawn = arrays.read(snakemake.input.arrays, rows["data"].unique())
    progress = Progress(f"method {name}", len(rows), note(snakemake.log[0]))
    made = runs.run(checked, method, rows, drawn, progress)
    store.write(made, TABLES["method_runs"], snakemake.output.runs)
