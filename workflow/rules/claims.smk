rule minima:
    output:
        csv=report(
            "results/tables/minima.csv",
            category="Tables",
            caption="../report/table_minima.rst",
        ),
        parquet="results/tables/minima.parquet",
    log:
        "results/logs/minima.log",
    priority: 1  # the claims wait for it
    conda:
        "../envs/study.yaml"
    params:
        code=fingerprint("minima"),
    message:
        "Finding the local minima of constructed data sets and proving them"
    script:
        "../scripts/minima.py"


rule claims:
    input:
        arrays="results/data/arrays.npz",
        datasets="results/tables/datasets.parquet",
        runs="results/tables/runs.parquet",
        arrivals="results/tables/arrivals.parquet",
        answers="results/tables/answers.parquet",
        minima="results/tables/minima.parquet",
    output:
        csv=report(
            "results/tables/claims.csv",
            category="Answer",
            caption="../report/table_claims.rst",
        ),
        parquet="results/tables/claims.parquet",
    log:
        "results/logs/claims.log",
    priority: 1  # the page waits for it
    conda:
        "../envs/study.yaml"
    params:
        config=only("seed", "initialisations", "max_steps"),
        code=fingerprint("claims"),
    message:
        "Testing the claims"
    script:
        "../scripts/claims.py"
