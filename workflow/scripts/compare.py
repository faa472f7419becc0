"""Adapter: compare the benchmarks of two revisions, and fail if one got slower than the threshold allows."""

from pathlib import Path

from study.benchmarks import compare as compare_commits
from study.config import model as config
from study.errors import UserError
from study.job import job, note, show

with job(snakemake.log[0]):
    checked = config.load(snakemake.params.config)
    chosen = checked.benchmarks
    found = compare_commits.compare(
        Path(snakemake.params.repository),
        checked.base or "HEAD",
        checked.head,
        benchmarks=chosen.compare,
        processes=chosen.processes,
        count=chosen.rounds,
        margin=chosen.margin,
        environments=Path(snakemake.params.environments),
        note=note(snakemake.log[0]),
    )
    compare_commits.write(found, Path(snakemake.params.csv), Path(snakemake.params.raw))
    show(compare_commits.report(found))
    if slower := found.failures(chosen.threshold):
        raise UserError(
            f"slower by more than {chosen.threshold:.0%}: {', '.join(map(compare_commits.short, slower))}"
        )
