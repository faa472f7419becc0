"""How slowly does a sigmoid classifier train with MSE instead of BCE?  `snakemake help` lists what can be asked for."""

from pathlib import Path


configfile: Path(workflow.basedir) / "config" / "default.yaml"


report: "workflow/report/study.rst"


include: "workflow/rules/common.smk"


checked = load(config)
shards = range(checked.number_of_shards)
tables = table_files(*OF_A_STUDY)
drawn = expand("results/figures/{figure}.svg", figure=study_figures.FIGURES)
figures = drawn + expand("results/figures/{figure}.png", figure=study_figures.FIGURES)
templates = sorted(str(path) for path in pages.TEMPLATES.iterdir())


include: "workflow/rules/study.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/laws.smk"
include: "workflow/rules/verify.smk"
include: "workflow/rules/benchmarks.smk"


rule all:
    default_target: True
    input:
        "results/report.html",
        "results/report.md",
        "results/summary.json",
        "results/manifest.json",
        tables,
        figures,


rule tables:
    input:
        tables,


rule report:
    input:
        "results/report.html",
        "results/report.md",
        "results/summary.json",


localrules:
    all,
    tables,
    report,
    plan,
    benchmark,
    history,
    compare,
    compare_studies,
    clean,
    help,


recover()
