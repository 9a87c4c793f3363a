"""Captions: the text encoder's embedding of each distinct caption and prompt, once.

in: results/{experiment}/clips/selection.parquet, the base model
out: results/{experiment}/captions.parquet
"""


rule captions:
    input:
        selection="results/{experiment}/clips/selection.parquet",
        model=model_files,
        code=code_of("captions"),
    output:
        captions="results/{experiment}/captions.parquet",
    log:
        "results/{experiment}/logs/captions.log",
    benchmark:
        "results/{experiment}/benchmarks/captions.tsv"
    conda:
        "../environment.yml"
    threads: half_the_cores
    resources:
        mem_mb=3500,
        runtime=60,
        gpu=gpus,
    params:
        config=settings_file,
        settings=settings_of("captions"),
        command=command_of("captions"),
    message:
        "Captions: embedding of captions and prompts"
    shell:
        "dreamrelation captions"
        " --config {params.config:q}"
        " --selection {input.selection:q}"
        " --captions {output.captions:q}"
        " > {log:q} 2>&1"
