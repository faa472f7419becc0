rule method:
    input:
        arrays="results/data/arrays.npz",
        datasets="results/tables/datasets.parquet",
        files=ancient(checked.files),  # their held-out samples
    output:
        runs="results/methods/{method}.parquet",
    log:
        "results/logs/method.{method}.log",
    wildcard_constraints:
        method="[A-Za-z0-9_-]+",
    conda:
        "../envs/study.yaml"
    resources:
        mem_mb=by_data(study_resources.method_memory),
        runtime=by_data(study_resources.method_minutes),
    params:
        config=only(
            "seed",
            "seeds",
            "datasets",
            "targets",
            "hold",
            "max_steps",
            "max_steps_above",
            "methods",
            "comparisons",
            "method_runs",
        ),
        code=fingerprint("method"),
        files=contents(checked.files),  # instead of their times
    message:
        "Descending: method {wildcards.method}"
    script:
        "../scripts/method.py"


rule comparisons:
    input:
        runs=expand(
            "results/methods/{method}.parquet",
            method=[method.name for method in checked.methods],
        ),
    output:
        runs="results/tables/method_runs.parquet",
        csv=report(
            "results/tables/comparisons.csv",
            category="Tables",
            caption="../report/table_comparisons.rst",
        ),
        parquet="results/tables/comparisons.parquet",
        compared_csv=report(
            "results/tables/compared.csv",
            category="Tables",
            caption="../report/table_compared.rst",
        ),
        compared_parquet="results/tables/compared.parquet",
        reached_csv=report(
            "results/tables/reached.csv",
            category="Tables",
            caption="../report/table_reached.rst",
        ),
        reached_parquet="results/tables/reached.parquet",
    log:
        "results/logs/comparisons.log",
    priority: 1  # the figures and the page wait for it
    conda:
        "../envs/study.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        config=only(
            "statistics",
            "methods",
            "comparisons",
            "method_runs",
        ),
        code=fingerprint("comparisons"),
    message:
        "Comparing methods"
    script:
        "../scripts/comparisons.py"
