"""Adapter: record the results as the reference of their study."""

from study import config, manifest
from study.script import note, told

with told(snakemake.log[0], snakemake.input):
    checked = config.load(snakemake.params.config)
    folder = manifest.folder(checked, snakemake.params.configs, snakemake.params.references)
    manifest.record(snakemake.input.artifacts, checked, folder)
    note(snakemake.log[0])(f"Recorded as the reference {folder.name}.")
