parts = list(experiments.views(checked))


rule experiment:
    input:
        files=ancient(checked.files),
    output:
        data="results/experiments/{part}.data.parquet",
        runs="results/experiments/{part}.runs.parquet",
    log:
        "results/logs/experiment.{part}.log",
    wildcard_constraints:
        part="|".join(map(re.escape, parts)) or "none",
    priority: 2  # the longest of them takes long
    conda:
        "../envs/study.yaml"
    resources:
        mem_mb=by_part(study_resources.experiment_memory),
        runtime=by_part(study_resources.experiment_minutes),
    params:
        config=only("seed", "seeds", "targets", "hold", "remedies", "networks"),
        code=fingerprint("experiment"),
        files=contents(checked.files),  # instead of their times
    message:
        "Descending: experiment {wildcards.part}"
    script:
        "../scripts/experiment.py"


rule experiments:
    input:
        data=expand("results/experiments/{part}.data.parquet", part=parts),
        runs=expand("results/experiments/{part}.runs.parquet", part=parts),
    output:
        runs="results/tables/experiment_runs.parquet",
        data_csv=report(
            "results/tables/experiment_data.csv",
            category="Tables",
            caption="../report/table_experiment_data.rst",
        ),
        data_parquet="results/tables/experiment_data.parquet",
        csv=report(
            "results/tables/experiments.csv",
            category="Tables",
            caption="../report/table_experiments.rst",
        ),
        parquet="results/tables/experiments.parquet",
        cells_csv=report(
            "results/tables/experiment_cells.csv",
            category="Tables",
            caption="../report/table_experiment_cells.rst",
        ),
        cells_parquet="results/tables/experiment_cells.parquet",
        ends_csv=report(
            "results/tables/experiment_ends.csv",
            category="Tables",
            caption="../report/table_experiment_ends.rst",
        ),
        ends_parquet="results/tables/experiment_ends.parquet",
    log:
        "results/logs/experiments.log",
    priority: 1  # the figures and the page wait for it
    conda:
        "../envs/study.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        config=only("seeds", "statistics", "remedies", "networks"),
        code=fingerprint("experiments"),
    message:
        "Comparing the methods of the experiments"
    script:
        "../scripts/experiments.py"


rule demonstrations:
    output:
        csv=report(
            "results/tables/demonstrations.csv",
            category="Tables",
            caption="../report/table_demonstrations.rst",
        ),
        parquet="results/tables/demonstrations.parquet",
    log:
        "results/logs/demonstrations.log",
    conda:
        "../envs/study.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(20),
    params:
        config=only("seed"),
        code=fingerprint("demonstrations"),
    message:
        "Running published demonstrations again"
    script:
        "../scripts/demonstrations.py"
