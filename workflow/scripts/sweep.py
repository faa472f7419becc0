"""Adapter: make the runs of one shard, unless an interrupted run had finished it."""

from study.config import model as config
from study.data import arrays
from study.job import job, note
from study.runs import sweep
from study.runs.tables import CURVES, PLAN, RUNS
from study.tables import store

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params) as receipt:
    name, say = f"shard {snakemake.wildcards.shard}", note(snakemake.log[0])
    if receipt.take_over():
        say(f"{name}: taken over from a run that was interrupted")
    else:
        rows = store.scan(PLAN, snakemake.input.plan, where=[{"shard": int(snakemake.wildcards.shard)}])
        drawn = arrays.read(snakemake.input.arrays, rows["data"].unique())
        progress = sweep.Progress(name, len(rows), say)
        runs, curves = sweep.run_shard(config.load(snakemake.params.config), rows, drawn, progress)
        store.write_parts(sweep.by_data(runs, rows), RUNS, snakemake.output.runs)
        store.write_parts(sweep.by_data(curves, rows), CURVES, snakemake.output.curves)
    receipt.keep()
