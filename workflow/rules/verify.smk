# The digests of a run's artifacts, and whether they match the reference.

compared = [
    "results/data/arrays.npz",
    *tables,
    *figures,
    "results/report.html",
    "results/report.md",
    "results/summary.json",
]
references = root / "results" / "reference"


rule manifest:
    input:
        artifacts=compared,
    output:
        "results/manifest.json",
    log:
        "results/logs/manifest.log",
    conda:
        "../envs/study.yaml"
    params:
        config=checked.identity(),
        code=fingerprint("manifest"),
    message:
        "Recording every artifact's digest"
    script:
        "../scripts/manifest.py"


rule verify:
    input:
        artifacts=compared,
        manifest="results/manifest.json",
    log:
        "results/logs/verify.log",
    localrule: True
    conda:
        "../envs/study.yaml"
    params:
        config=checked.identity(),
        configs=str(root / "config"),
        references=str(references),
    message:
        "Comparing every artifact with the reference"
    script:
        "../scripts/verify.py"


rule reference:
    input:
        artifacts=compared,
        manifest="results/manifest.json",
    log:
        "results/logs/reference.log",
    localrule: True
    conda:
        "../envs/study.yaml"
    params:
        config=checked.identity(),
        configs=str(root / "config"),
        references=str(references),
    message:
        "Recording the results as the reference"
    script:
        "../scripts/reference.py"
