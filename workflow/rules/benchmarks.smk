own_history = "results/benchmarks"
histories = (
    str(Path(workflow.basedir) / "results" / "reference" / "benchmarks"),
    own_history,
)


# The rules without output always run. `compare` must not declare its files as output: Snakemake would remove them where
# it fails, and it fails by design where something got slower.
rule benchmark:
    log:
        "results/logs/benchmark.log",
    conda:
        "../envs/benchmarks.yaml"
    threads: workflow.cores
    params:
        config=config,
        repository=workflow.basedir,
        storage=own_history,
    message:
        "Running the benchmarks; another job beside them would be measured too"
    script:
        "../scripts/benchmark.py"


rule history:
    input:
        runs=recorded_runs(*histories),
    output:
        html=report(
            "results/history.html",
            category="Benchmarks",
            caption="../report/page_history.rst",
        ),
        csv=report(
            "results/tables/history.csv",
            category="Benchmarks",
            caption="../report/table_history.rst",
        ),
    log:
        "results/logs/history.log",
    conda:
        "../envs/study.yaml"
    params:
        storages=histories,
        code=fingerprint("history"),
        templates=templates("history"),
    message:
        "Drawing the benchmark history"
    script:
        "../scripts/history.py"


rule compare:
    log:
        "results/logs/compare.log",
    conda:
        "../envs/benchmarks.yaml"
    threads: workflow.cores
    params:
        config=config,
        repository=workflow.basedir,
        environments=".snakemake/revisions",
        csv="results/comparisons/comparison.csv",
        raw="results/comparisons/comparison.json",
    message:
        "Comparing the benchmarks of two revisions"
    script:
        "../scripts/compare.py"


rule compare_studies:
    log:
        "results/logs/compare_studies.log",
    conda:
        "../envs/study.yaml"
    params:
        config=config,
        own="results",
        csv="results/comparisons/studies.csv",
        html="results/comparisons/studies.html",
    message:
        "Comparing the results of two studies"
    script:
        "../scripts/compare_studies.py"
