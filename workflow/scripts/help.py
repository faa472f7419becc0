"""Adapter: print what can be asked for."""

print(
    """\
snakemake                                      run the study to its report, results/report.html
snakemake -n                                   say what would be done, and do nothing
snakemake plan                                 say how many runs the study has and how long it will take
snakemake tables                               make the tables only, results/tables/
snakemake report                               make the report from the tables, and the tables if need be
snakemake clean                                remove what a run makes; the benchmark history stays
snakemake --configfile config/smoke.yaml       a study of seconds (config/full.yaml: one for a cluster)
snakemake --config max_steps=5000              override a key of the config (docs/config.md lists them)
snakemake --report results/snakemake.html      Snakemake's own report, with every figure and table"""
)
