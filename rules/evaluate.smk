"""Evaluation: scores of each video, and the methods of a relation side by side.

in: results/{experiment}/{relation}/{method}/videos/, videos.parquet, the judge; for its controls the selected clips
out: results/{experiment}/{relation}/{method}/scores.parquet, results/{experiment}/{relation}/evaluation.json
"""


rule evaluate:
    input:
        videos="results/{experiment}/{relation}/{method}/videos",
        manifest="results/{experiment}/{relation}/{method}/videos.parquet",
        models=measure_files,
        code=code_of("evaluate"),
    output:
        scores="results/{experiment}/{relation}/{method}/scores.parquet",
    log:
        "results/{experiment}/logs/evaluate/{relation}/{method}.log",
    benchmark:
        "results/{experiment}/benchmarks/evaluate/{relation}/{method}.tsv"
    conda:
        "../environment.yml"
    threads: half_the_cores
    resources:
        mem_mb=3500,
        runtime=120,
        gpu=gpus,
    params:
        config=settings_file,
        settings=settings_of("evaluate"),
        command=command_of("evaluate"),
    message:
        "Evaluation: {wildcards.relation} by {wildcards.method}"
    shell:
        "dreamrelation evaluate"
        " --config {params.config:q}"
        " --relation {wildcards.relation:q}"
        " --method {wildcards.method:q}"
        " --manifest {input.manifest:q}"
        " --videos {input.videos:q}"
        " --scores {output.scores:q}"
        " > {log:q} 2>&1"


rule summarise:
    input:
        scores=scores_of,
        selection="results/{experiment}/clips/selection.parquet",
        data=data_files,
        models=measure_files,
        code=code_of("summarise"),
    output:
        evaluation="results/{experiment}/{relation}/evaluation.json",
    log:
        "results/{experiment}/logs/summarise/{relation}.log",
    benchmark:
        "results/{experiment}/benchmarks/summarise/{relation}.tsv"
    conda:
        "../environment.yml"
    threads: half_the_cores
    resources:
        mem_mb=3500,
        runtime=60,
        gpu=gpus,
    params:
        config=settings_file,
        settings=settings_of("evaluate"),
        command=command_of("summarise"),
    message:
        "Evaluation: {wildcards.relation}, all methods"
    shell:
        "dreamrelation summarise"
        " --config {params.config:q}"
        " --relation {wildcards.relation:q}"
        " --scores {input.scores:q}"
        " --selection {input.selection:q}"
        " --evaluation {output.evaluation:q}"
        " > {log:q} 2>&1"
