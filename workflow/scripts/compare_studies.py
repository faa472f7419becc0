"""Adapter: report what differs between the results of two studies."""

from pathlib import Path

from study.config import model as config
from study.job import job, show
from study.provenance import compare_studies

with job(snakemake.log[0]):
    checked = config.load(snakemake.params.config)
    found = compare_studies.compare(Path(checked.base), Path(checked.head or snakemake.params.own))
    compare_studies.write(found, snakemake.params.csv, snakemake.params.html)
    show(compare_studies.report(found))
