"""Analysis: what the model's own weights say about where a relation is.

in: the base model
out: results/{experiment}/analysis/subspaces.csv, results/{experiment}/analysis/subspaces.svg
"""

SHOWN_OF_ANALYSIS = []

if settings.analysis.subspaces is not None:
    SHOWN_OF_ANALYSIS += ["analysis/subspaces.svg"]
    TARGETS += ["analysis/subspaces.csv", *SHOWN_OF_ANALYSIS]


rule subspaces:
    input:
        model=model_files("subspaces"),
    output:
        table="results/{experiment}/analysis/subspaces.csv",
        figure="results/{experiment}/analysis/subspaces.svg",
    log:
        "results/{experiment}/logs/subspaces.log",
    benchmark:
        "results/{experiment}/benchmarks/subspaces.tsv"
    conda:
        "../environment.yml"
    threads: half_the_cores
    resources:
        mem_mb=2000,
        runtime=240,
        gpu=gpus,
    params:
        settings=settings_of("subspaces"),
        code=code_of("subspaces"),
        machine=machine,
        unfinished="results/{experiment}/analysis/unfinished_subspaces.jsonl",
    message:
        "Analysis: subspaces of the attention's matrices"
    shell:
        "dreamrelation subspaces"
        " --settings {params.settings:q}"
        " --machine {params.machine:q}"
        " --table {output.table:q}"
        " --figure {output.figure:q}"
        " --unfinished {params.unfinished:q}"
        " > {log:q} 2>&1"
