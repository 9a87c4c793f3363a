"""Texts: the text encoder's embedding of each distinct caption and prompt, once.

in: results/{experiment}/clips/selection.parquet, the base model
out: results/{experiment}/texts.parquet
"""

TARGETS += ["texts.parquet"]


rule texts:
    input:
        selection="results/{experiment}/clips/selection.parquet",
        model=model_files("texts"),
    output:
        texts="results/{experiment}/texts.parquet",
    log:
        "results/{experiment}/logs/texts.log",
    benchmark:
        "results/{experiment}/benchmarks/texts.tsv"
    conda:
        "../environment.yml"
    threads: half_the_cores
    resources:
        mem_mb=3500,
        runtime=60,
        gpu=gpus,
    params:
        settings=settings_of("texts"),
        code=code_of("texts"),
        machine=machine,
    message:
        "Texts: embedding of captions and prompts"
    shell:
        "dreamrelation texts"
        " --settings {params.settings:q}"
        " --machine {params.machine:q}"
        " --selection {input.selection:q}"
        " --texts {output.texts:q}"
        " > {log:q} 2>&1"
