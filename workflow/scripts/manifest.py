"""Adapter: write the manifest."""

import json
from pathlib import Path

from study import git
from study.config import model as config
from study.files import replacing
from study.job import job
from study.provenance import manifest

with job(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    found = manifest.build(snakemake.input.artifacts, config.load(snakemake.params.config), git.described())
    with replacing(Path(snakemake.output[0])) as temporary:
        temporary.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
