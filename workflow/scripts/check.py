"""Adapter: print what the user's data files give, or every problem of them."""

from study.config import model as config
from study.job import job
from study.runs import draw

with job(snakemake.log[0]):
    checked = config.load(snakemake.params.config)
    draw.check(checked)
    print("\n".join(draw.described(checked)) or "No data set of this config is a file of your own.")
