"""Adapter: draw the data sets of the config and write them with their facts."""

import pandas as pd
from study.config import model as config
from study.data import arrays
from study.data.tables import DATASETS
from study.job import job, note
from study.runs import draw
from study.tables import store

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    checked, rows = config.load(snakemake.params.config), []
    say = note(snakemake.log[0])
    for line in draw.described(checked):
        say(line)
    with arrays.writing(snakemake.output.arrays) as add:
        for row, drawn in draw.draw(checked, snakemake.threads, note=say):
            rows.append(row)
            add(drawn)
    for path in (snakemake.output.csv, snakemake.output.parquet):
        store.write(pd.DataFrame(rows), DATASETS, path)
