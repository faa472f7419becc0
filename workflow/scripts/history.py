"""Adapter: fail if the last level of a benchmark is slower than its best by more than the threshold."""

from study.benchmarks import history_page
from study.benchmarks.regressions import regressions, report
from study.benchmarks.tables import HISTORY
from study.config import model as config
from study.errors import UserError
from study.job import job, note
from study.tables import store

with job(snakemake.log[0]):
    write = note(snakemake.log[0])
    history = store.read(HISTORY, snakemake.input.csv)
    for sentence in history_page.summary(history):
        write(sentence)
    chosen = config.load(snakemake.params.config).benchmarks
    found = regressions(history, chosen.threshold, chosen.accepted)
    for line in (line for line in found if not line.confirmed):
        write(f"slower, but not by the calibrated time, so the machine may have changed: {line}")
    if confirmed := [line for line in found if line.confirmed]:
        raise UserError(report(confirmed, chosen.threshold))
    write(f"No benchmark is known to be slower than its best level by more than {100 * chosen.threshold:g}%.")
