"""Prompts: the text encoder's embedding of each prompt of a relation, once; apart from captions, which training needs.

in: the base model
out: results/{experiment}/{relation}/prompts.parquet
"""

OF_RELATION += ["prompts.parquet"]


rule prompts:
    input:
        model=model_files("prompts"),
    output:
        prompts="results/{experiment}/{relation}/prompts.parquet",
    log:
        "results/{experiment}/logs/prompts/{relation}.log",
    benchmark:
        "results/{experiment}/benchmarks/prompts/{relation}.tsv"
    conda:
        "../environment.yml"
    threads: half_the_cores
    resources:
        mem_mb=3500,
        runtime=60,
        gpu=gpus,
    params:
        settings=settings_of("prompts"),
        code=code_of("prompts"),
        machine=machine,
    message:
        "Texts: embedding of prompts, {wildcards.relation}"
    shell:
        "dreamrelation prompts"
        " --settings {params.settings:q}"
        " --machine {params.machine:q}"
        " --relation {wildcards.relation:q}"
        " --prompts {output.prompts:q}"
        " > {log:q} 2>&1"
