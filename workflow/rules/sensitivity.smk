rule sensitivity:
    input:
        arrays="results/data/arrays.npz",
        datasets="results/tables/datasets.parquet",
        runs="results/tables/runs.parquet",
        answers="results/tables/answers.parquet",
        headline="results/tables/headline.parquet",
    output:
        csv=report(
            "results/tables/sensitivity.csv",
            category="Tables",
            caption="../report/table_sensitivity.rst",
        ),
        parquet="results/tables/sensitivity.parquet",
    log:
        "results/logs/sensitivity.log",
    priority: 1  # the figures and the page wait for it
    conda:
        "../envs/study.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(60 + checked.number_of_data_sets // 500),
    params:
        config=only("seed", "hold", "statistics"),
        code=fingerprint("sensitivity"),
    message:
        "Changing one choice of the answer at a time"
    script:
        "../scripts/sensitivity.py"


rule perturbation:
    input:
        arrays="results/data/arrays.npz",
        runs="results/tables/runs.parquet",
        arrivals="results/tables/arrivals.parquet",
        answers="results/tables/answers.parquet",
        headline="results/tables/headline.parquet",
    output:
        csv=report(
            "results/tables/perturbation.csv",
            category="Tables",
            caption="../report/table_perturbation.rst",
        ),
        parquet="results/tables/perturbation.parquet",
    log:
        "results/logs/perturbation.log",
    priority: 1  # the page waits for it
    conda:
        "../envs/study.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(60 + checked.number_of_data_sets // 500),
    params:
        config=only("seed", "hold", "statistics"),
        code=fingerprint("perturbation"),
    message:
        "Making runs again from starts moved by one part in 1e14"
    script:
        "../scripts/perturbation.py"
