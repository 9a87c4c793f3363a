"""Evaluation: each metric of each method's videos by itself, real clips as controls, and a relation's methods together.

in: results/{experiment}/{relation}/{method}/videos/, videos.parquet, the metric's models, the selected clips
out: results/{experiment}/{relation}/{method}/scores/{metric}.parquet, results/{experiment}/{relation}/controls/,
results/{experiment}/{relation}/evaluation.json
"""

OF_METHOD += [f"scores/{metric}.parquet" for metric in settings.metrics]
OF_RELATION += [*(f"controls/{metric}.parquet" for metric in plan.controlled_metrics), "evaluation.json"]


rule evaluate:
    input:
        videos="results/{experiment}/{relation}/{method}/videos",
        manifest="results/{experiment}/{relation}/{method}/videos.parquet",
        selection="results/{experiment}/clips/selection.parquet",
        data=data_files,
        models=metric_files,
    output:
        scores="results/{experiment}/{relation}/{method}/scores/{metric}.parquet",
    log:
        "results/{experiment}/logs/evaluate/{relation}/{method}/{metric}.log",
    benchmark:
        "results/{experiment}/benchmarks/evaluate/{relation}/{method}/{metric}.tsv"
    conda:
        "../environment.yml"
    threads: half_the_cores
    resources:
        mem_mb=3500,
        runtime=120,
        gpu=gpus,
    params:
        settings=settings_of("evaluate"),
        code=code_of("evaluate"),
        machine=machine,
        answers="results/{experiment}/{relation}/{method}/answers/{metric}.jsonl",
    message:
        "Evaluation: {wildcards.metric} of {wildcards.relation} by {wildcards.method}"
    shell:
        "dreamrelation evaluate"
        " --settings {params.settings:q}"
        " --machine {params.machine:q}"
        " --relation {wildcards.relation:q}"
        " --method {wildcards.method:q}"
        " --metric {wildcards.metric:q}"
        " --manifest {input.manifest:q}"
        " --videos {input.videos:q}"
        " --selection {input.selection:q}"
        " --answers {params.answers:q}"
        " --scores {output.scores:q}"
        " > {log:q} 2>&1"


rule controls:
    input:
        selection="results/{experiment}/clips/selection.parquet",
        data=data_files,
        models=metric_files,
    output:
        controls="results/{experiment}/{relation}/controls/{metric}.parquet",
    log:
        "results/{experiment}/logs/controls/{relation}/{metric}.log",
    benchmark:
        "results/{experiment}/benchmarks/controls/{relation}/{metric}.tsv"
    conda:
        "../environment.yml"
    threads: half_the_cores
    resources:
        mem_mb=3500,
        runtime=120,
        gpu=gpus,
    params:
        settings=settings_of("controls"),
        code=code_of("controls"),
        machine=machine,
        answers="results/{experiment}/{relation}/controls/answers/{metric}.jsonl",
    message:
        "Evaluation: {wildcards.metric} of real clips, for {wildcards.relation}"
    shell:
        "dreamrelation controls"
        " --settings {params.settings:q}"
        " --machine {params.machine:q}"
        " --relation {wildcards.relation:q}"
        " --metric {wildcards.metric:q}"
        " --selection {input.selection:q}"
        " --answers {params.answers:q}"
        " --controls {output.controls:q}"
        " > {log:q} 2>&1"


rule summarise:
    input:
        scores=expand(
            "results/{{experiment}}/{{relation}}/{method}/scores/{metric}.parquet",
            method=settings.methods,
            metric=settings.metrics,
        ),
        controls=controls_of,
    output:
        evaluation="results/{experiment}/{relation}/evaluation.json",
    log:
        "results/{experiment}/logs/summarise/{relation}.log",
    benchmark:
        "results/{experiment}/benchmarks/summarise/{relation}.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=settings_of("summarise"),
        code=code_of("summarise"),
    message:
        "Evaluation: {wildcards.relation}, all methods"
    shell:
        "dreamrelation summarise"
        " --settings {params.settings:q}"
        " --relation {wildcards.relation:q}"
        " --scores {input.scores:q}"
        " --controls {input.controls:q}"
        " --evaluation {output.evaluation:q}"
        " > {log:q} 2>&1"
