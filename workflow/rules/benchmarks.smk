from study.benchmarks import storage as benchmark_storage

own_history = "results/benchmarks"
histories = [
    str(root / "results" / "reference" / "benchmarks"),
    own_history,
]
recorded, other_recordings = benchmark_storage.watched(map(Path, histories))


# The rules without output always run. `compare` must not declare its files as output: Snakemake would remove
# them when it fails, and it fails by design when something got slower. So does `history`, whose page another
# rule draws.
rule benchmark:
    log:
        "results/logs/benchmark.log",
    localrule: True
    conda:
        "../envs/benchmarks.yaml"
    threads: workflow.cores
    params:
        config=config,
        repository=str(root),
        storage=own_history,
    message:
        "Running the benchmarks; other jobs at the same time would distort them"
    script:
        "../scripts/benchmark.py"


rule draw_history:
    input:
        runs=recorded,
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
        "results/logs/draw_history.log",
    localrule: True
    conda:
        "../envs/study.yaml"
    params:
        storages=histories,
        others=lambda wildcards: other_recordings,
        ancestry=lambda wildcards: recorded_commits(recorded),
        code=fingerprint("draw_history"),
        templates=templates("draw_history"),
    message:
        "Drawing the benchmark history"
    script:
        "../scripts/draw_history.py"


rule history:
    input:
        html="results/history.html",
        csv="results/tables/history.csv",
    log:
        "results/logs/history.log",
    localrule: True
    conda:
        "../envs/study.yaml"
    params:
        config=config,
    message:
        "Looking for benchmarks that got slower in results/history.html"
    script:
        "../scripts/history.py"


rule compare:
    log:
        "results/logs/compare.log",
    localrule: True
    conda:
        "../envs/benchmarks.yaml"
    threads: workflow.cores
    params:
        config=config,
        repository=str(root),
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
    localrule: True
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
