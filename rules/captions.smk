"""Captions: the text encoder's embedding of each distinct caption of the clips, once.

in: results/{experiment}/clips/selection.parquet, the base model
out: results/{experiment}/captions.parquet
"""

TARGETS += ["captions.parquet"]


rule captions:
    input:
        selection="results/{experiment}/clips/selection.parquet",
        model=model_files("captions"),
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
        settings=settings_of("captions"),
        code=code_of("captions"),
        machine=machine,
    message:
        "Texts: embedding of captions"
    shell:
        "dreamrelation captions"
        " --settings {params.settings:q}"
        " --machine {params.machine:q}"
        " --selection {input.selection:q}"
        " --captions {output.captions:q}"
        " > {log:q} 2>&1"
