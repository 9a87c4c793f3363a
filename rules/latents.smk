"""Latents: what the VAE makes of each clip of a relation, with the masks on the latent grid.

in: selection, masks, videos, the base model
out: results/{experiment}/{relation}/latents.parquet
"""

OF_RELATION += ["latents.parquet"]


rule latents:
    input:
        selection="results/{experiment}/clips/selection.parquet",
        masks="results/{experiment}/{relation}/masks.parquet",
        data=data_files,
        model=model_files("latents"),
    output:
        latents="results/{experiment}/{relation}/latents.parquet",
    log:
        "results/{experiment}/logs/latents/{relation}.log",
    benchmark:
        "results/{experiment}/benchmarks/latents/{relation}.tsv"
    conda:
        "../environment.yml"
    threads: half_the_cores
    resources:
        mem_mb=3500,
        runtime=120,
        gpu=gpus,
    params:
        settings=settings_of("latents"),
        code=code_of("latents"),
        machine=machine,
    message:
        "Latents: {wildcards.relation}"
    shell:
        "dreamrelation latents"
        " --settings {params.settings:q}"
        " --machine {params.machine:q}"
        " --relation {wildcards.relation:q}"
        " --selection {input.selection:q}"
        " --masks {input.masks:q}"
        " --latents {output.latents:q}"
        " > {log:q} 2>&1"
