rule flow:
    input:
        arrays="results/data/arrays.npz",
        datasets="results/tables/datasets.parquet",
    output:
        flow="results/tables/flow.parquet",
    log:
        "results/logs/flow.log",
    priority: 2  # it takes long
    conda:
        "../envs/study.yaml"
    params:
        config=only("seed", "targets", "losses", "phase"),
        code=fingerprint("flow"),
    message:
        "Solving the gradient flow"
    script:
        "../scripts/flow.py"


rule phase:
    input:
        flow="results/tables/flow.parquet",
        slowdown="results/tables/slowdown.parquet",
        headline="results/tables/headline.parquet",
    output:
        csv=report(
            "results/tables/phase.csv",
            category="Tables",
            caption="../report/table_phase.rst",
        ),
        parquet="results/tables/phase.parquet",
    log:
        "results/logs/phase.log",
    priority: 1  # the figures and the page wait for it
    conda:
        "../envs/study.yaml"
    params:
        config=only("datasets", "phase", "statistics"),
        code=fingerprint("phase"),
    message:
        "Comparing the phase diagram with theory"
    script:
        "../scripts/phase.py"
