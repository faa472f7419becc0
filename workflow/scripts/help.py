"""Adapter: print what `snakemake` can do here."""

from study.job import show

show(
    """\
snakemake                                      run the study to its report, results/report.html
snakemake -n                                   show what would be done, and do nothing
snakemake check                                read your data files, list every problem, and run nothing
snakemake plan                                 estimate how many runs the study has and how long it takes
snakemake tables                               make the tables only, results/tables/
snakemake report                               make the report from the tables, and the tables if needed
snakemake verify                               compare the results with the reference, to the byte
snakemake reference                            record the results as the reference of their config
snakemake benchmark                            run the benchmarks and record them, results/benchmarks/
snakemake history                              draw the recorded benchmarks; fail if one got slower
snakemake compare --config base=REV            compare benchmarks of two revisions (default head: this folder)
snakemake compare_studies --config base=DIR    report how the results of two studies differ (head=DIR)
snakemake clean                                remove what a run makes; the benchmark history stays
snakemake --configfile config/smoke.yaml       a study of seconds (config/full.yaml: one for a cluster)
snakemake --config max_steps=5000              override a key of the config (docs/config.md lists them)
snakemake --profile profiles/slurm             run the study through Slurm (docs/cluster.md)
snakemake --report results/snakemake.html      Snakemake's own report, with every figure and table"""
)
