"""How slowly does a sigmoid classifier train with MSE instead of BCE?  `snakemake help` lists what can be asked for."""

from pathlib import Path

configfile: Path(workflow.basedir) / "config" / "default.yaml"

report: "workflow/report/study.rst"

include: "workflow/rules/common.smk"
include: "workflow/rules/study.smk"


rule all:
    input:
        "results/report.html",
        "results/summary.json",
        figures,
    default_target: True


rule tables:
    input:
        tables,


rule report:
    input:
        "results/report.html",
        "results/summary.json",


localrules:
    all,
    tables,
    report,
    plan,
    clean,
    help,
