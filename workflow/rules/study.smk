rule data:
    input:
        files=ancient(checked.files),
    output:
        arrays="results/data/arrays.npz",
        csv=report(
            "results/tables/datasets.csv",
            category="Tables",
            caption="../report/table_datasets.rst",
            labels={"table": "datasets"},
        ),
        parquet="results/tables/datasets.parquet",
    log:
        "results/logs/data.log",
    priority: 3  # nearly all else waits for it
    conda:
        "../envs/study.yaml"
    # All of this machine; on a cluster, where no number is set, two.
    threads: workflow.resource_settings.cores or 2
    resources:
        mem_mb=lambda wildcards, threads, attempt: (
            attempt * study_resources.data_memory(checked, threads)
        ),
        runtime=growing(30 + checked.number_of_data_sets // 200),
    params:
        config=only("seed", "seeds", "datasets", "initialisations"),
        code=fingerprint("data"),
        files=contents(checked.files),  # instead of their times
    message:
        "Drawing the data sets and computing their facts"
    script:
        "../scripts/data.py"


rule expand_plan:
    input:
        datasets="results/tables/datasets.parquet",
    output:
        plan="results/plan.parquet",
    log:
        "results/logs/plan.log",
    priority: 3  # the sweep waits for it
    conda:
        "../envs/study.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(10 + checked.number_of_data_sets // 1000),
    params:
        config=only(
            "seeds",
            "initialisations",
            "learning_rates",
            "losses",
            "max_steps",
            "max_steps_above",
            "shards",
            "curves",
        ),
        code=fingerprint("expand_plan"),
    message:
        "Expanding the plan"
    script:
        "../scripts/expand_plan.py"


rule sweep:
    input:
        arrays="results/data/arrays.npz",
        datasets="results/tables/datasets.parquet",
        plan="results/plan.parquet",
    output:
        runs="results/shards/{shard}.runs.parquet",
        curves="results/shards/{shard}.curves.parquet",
    log:
        "results/logs/sweep.{shard}.log",
    priority: 1  # a chain of jobs waits for it
    conda:
        "../envs/study.yaml"
    resources:
        mem_mb=by_data(study_resources.sweep_memory),
        runtime=by_data(study_resources.sweep_minutes),
    params:
        config=only("seed", "targets", "hold", "curves"),
        code=fingerprint("sweep"),
    message:
        f"Descending: shard {{wildcards.shard}} of {shards.stop}"
    script:
        "../scripts/sweep.py"


rule collect:
    input:
        runs=expand("results/shards/{shard}.runs.parquet", shard=shards),
        curves=expand("results/shards/{shard}.curves.parquet", shard=shards),
    output:
        runs="results/tables/runs.parquet",
        curves="results/tables/curves.parquet",
    log:
        "results/logs/collect.log",
    priority: 1  # a chain of jobs waits for it
    conda:
        "../envs/study.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(60 + checked.number_of_data_sets // 500),
    params:
        code=fingerprint("collect"),
    message:
        "Collecting the shards"
    script:
        "../scripts/collect.py"


rule statistics:
    input:
        runs="results/tables/runs.parquet",
    output:
        csv=report(
            "results/tables/slowdown.csv",
            category="Tables",
            caption="../report/table_slowdown.rst",
            labels={"table": "slowdown"},
        ),
        parquet="results/tables/slowdown.parquet",
        headline_csv=report(
            "results/tables/headline.csv",
            category="Tables",
            caption="../report/table_headline.rst",
        ),
        headline_parquet="results/tables/headline.parquet",
        answers_csv=report(
            "results/tables/answers.csv",
            category="Tables",
            caption="../report/table_answers.rst",
        ),
        answers_parquet="results/tables/answers.parquet",
        decomposition_csv=report(
            "results/tables/decomposition.csv",
            category="Tables",
            caption="../report/table_decomposition.rst",
            labels={"table": "decomposition"},
        ),
        decomposition_parquet="results/tables/decomposition.parquet",
        ends_csv=report(
            "results/tables/ends.csv",
            category="Tables",
            caption="../report/table_ends.rst",
        ),
        ends_parquet="results/tables/ends.parquet",
        arrivals_csv=report(
            "results/tables/arrivals.csv",
            category="Tables",
            caption="../report/table_arrivals.rst",
        ),
        arrivals_parquet="results/tables/arrivals.parquet",
    log:
        "results/logs/statistics.log",
    priority: 1  # a chain of jobs waits for it
    conda:
        "../envs/study.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(60 + checked.number_of_data_sets // 500),
    params:
        config=only("statistics"),
        code=fingerprint("statistics"),
    message:
        "Estimating medians, slowdowns and intervals"
    script:
        "../scripts/statistics.py"


for part in dict.fromkeys(each["part"] for each in every_figure.values()):
    names = [name for name, each in every_figure.items() if each["part"] == part]

    rule:
        name:
            f"figures_{part}"
        input:
            tables=tables_of_figures(names),
        output:
            svg=[
                report(
                    f"results/figures/{name}.svg",
                    category="Figures",
                    caption=f"../report/figure_{name}.rst",
                    labels={"figure": every_figure[name]["title"]},
                )
                for name in names
            ],
            png=[f"results/figures/{name}.png" for name in names],
            pdf=[f"results/figures/{name}.pdf" for name in names],
        log:
            f"results/logs/figures.{part}.log",
        conda:
            "../envs/study.yaml"
        resources:
            mem_mb=growing(1000),
            runtime=growing(10),
        params:
            figures=list(names),
            code=fingerprint("figures"),
        message:
            "Drawing the figures: {params.figures}"
        script:
            "../scripts/figures.py"


rule page:
    input:
        tables=tables,
        figures=drawings,
    output:
        html=report(
            "results/report.html",
            category="Answer",
            caption="../report/page_report.rst",
            labels={"what": "The report"},
        ),
        markdown="results/report.md",
        summary=report(
            "results/summary.json",
            category="Answer",
            caption="../report/page_summary.rst",
            labels={"what": "Its numbers, for programs"},
        ),
        card="results/card.png",
    log:
        "results/logs/report.log",
    conda:
        "../envs/study.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        config=checked.identity(),
        code=fingerprint("page", shows=[CAPTIONS]),
        templates=templates("page"),
    message:
        "Writing the report"
    script:
        "../scripts/page.py"


rule plan:
    input:
        files=ancient(checked.files),
    log:
        ".snakemake/log/describe.log",
    localrule: True
    conda:
        "../envs/study.yaml"
    params:
        config=config,
    message:
        "Estimating run time; nothing is written"
    script:
        "../scripts/describe.py"


rule check:
    log:
        ".snakemake/log/check.log",
    localrule: True
    conda:
        "../envs/study.yaml"
    params:
        config=only("datasets"),
    message:
        "Reading your data files; nothing is run"
    script:
        "../scripts/check.py"


rule clean:
    log:
        "results/clean.log",
    localrule: True
    conda:
        "../envs/study.yaml"
    message:
        "Removing what a run makes; the benchmark history and the reference stay"
    shell:
        "rm -rf results/data results/shards results/methods results/experiments results/tables"
        " results/figures results/logs results/receipts results/comparisons results/plan.parquet"
        " results/report.html results/report.md results/summary.json results/card.png"
        " results/manifest.json results/history.html results/partial.html"
        " 2> {log} && rm -f {log}"


rule help:
    log:
        ".snakemake/log/help.log",
    localrule: True
    conda:
        "../envs/study.yaml"
    message:
        "What snakemake can do here"
    script:
        "../scripts/help.py"
