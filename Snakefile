"""How slowly does a sigmoid classifier train with MSE instead of BCE? `snakemake help` lists commands."""

from pathlib import Path

# The folder of this file; `workflow.basedir` is that of another Snakefile if this one is its module.
root = Path(workflow.current_basedir.get_path_or_uri(secret_free=True))


configfile: root / "config" / "default.yaml"


report: "workflow/report/study.rst"


include: "workflow/rules/common.smk"


checked = load(config)
shards = range(checked.number_of_shards)
tables = table_files(*OF_A_STUDY)
drawings = expand("results/figures/{figure}.svg", figure=every_figure)
figures = drawings + expand(
    "results/figures/{figure}.{form}", figure=every_figure, form=["png", "pdf"]
)


rule all:
    input:
        "results/report.html",
        "results/report.md",
        "results/summary.json",
        "results/card.png",
        "results/manifest.json",
        tables,
        figures,
    localrule: True


include: "workflow/rules/study.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/laws.smk"
include: "workflow/rules/sensitivity.smk"
include: "workflow/rules/methods.smk"
include: "workflow/rules/experiments.smk"
include: "workflow/rules/verify.smk"
include: "workflow/rules/benchmarks.smk"


rule tables:
    input:
        tables,
    localrule: True


rule report:
    input:
        "results/report.html",
        "results/report.md",
        "results/summary.json",
        "results/card.png",
    localrule: True


onerror:
    report_partially()


onsuccess:
    # Remove what a failed run had written, as soon as the report itself is made again.
    if "results/report.html" in {
        str(file) for each in workflow.dag.jobs for file in each.output
    }:
        partial_report.PAGE.unlink(missing_ok=True)
