"""Adapter: make the runs of one shard."""

from study import arrays, config, sweep, tables
from study.script import note, told

with told(snakemake.log[0]):
    rows = tables.read("plan", snakemake.input.plan)
    rows = rows[rows["shard"] == int(snakemake.wildcards.shard)]
    progress = sweep.Progress(f"shard {snakemake.wildcards.shard}", len(rows), note(snakemake.log[0]))
    drawn = arrays.read(snakemake.input.arrays)
    runs, curves = sweep.run_shard(config.load(snakemake.params.config), rows, drawn, progress)
    tables.write(runs, "runs", snakemake.output.runs)
    tables.write(curves, "curves", snakemake.output.curves)
