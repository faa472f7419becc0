"""Adapter: record the results as the reference of their study."""

from study.config import model as config
from study.job import job, note
from study.provenance import manifest

with job(snakemake.log[0], snakemake.input):
    checked = config.load(snakemake.params.config)
    folder = manifest.folder(checked, snakemake.params.configs, snakemake.params.references)
    manifest.record(snakemake.input.artifacts, checked, folder)
    note(snakemake.log[0])(f"Recorded as the reference {folder.name}.")
