"""Adapter: write the manifest."""

import json
from pathlib import Path

from study import config, manifest, tables
from study.script import commit, told

with told(snakemake.log[0], snakemake.input, snakemake.output, snakemake.params):
    found = manifest.build(
        snakemake.input.artifacts, config.load(snakemake.params.config), commit(Path(config.__file__).parent)
    )
    with tables.replacing(Path(snakemake.output[0])) as temporary:
        temporary.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
