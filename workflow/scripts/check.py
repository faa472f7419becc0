"""Adapter: print what data sets the user's files give; their problems were reported before."""

from study.config import model as config
from study.job import job, show
from study.runs import draw

with job(snakemake.log[0]):
    show(
        "\n".join(draw.described(config.load(snakemake.params.config)))
        or "No data set of this config is a file of your own."
    )
