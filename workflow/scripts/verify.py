"""Adapter: compare the results with the reference of their study."""

from study.config import model as config
from study.errors import UserError
from study.job import job, note
from study.provenance import manifest

with job(snakemake.log[0], snakemake.input):
    checked = config.load(snakemake.params.config)
    folder = manifest.folder(checked, snakemake.params.configs, snakemake.params.references)
    lines = manifest.compare(snakemake.input.artifacts, checked, folder)
    if lines:
        raise UserError("\n".join(lines))
    repacked = manifest.repacked(snakemake.input.artifacts, folder)
    for line in repacked:
        note(snakemake.log[0])(line)
    but = f", {len(repacked)} of them in other bytes" if repacked else ""
    note(snakemake.log[0])(
        f"Identical to the reference {folder.name}: {len(snakemake.input.artifacts)} artifacts{but}."
    )
