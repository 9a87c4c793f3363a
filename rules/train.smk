"""Training: the adapters of one method for one relation.

in: latents, captions, the base model
out: results/{experiment}/{relation}/{method}/adapters/, training.parquet
A killed training goes on from its resume folder, which is no output: Snakemake removes the outputs of a killed job.
"""


rule train:
    input:
        latents="results/{experiment}/{relation}/latents.parquet",
        captions="results/{experiment}/captions.parquet",
        model=model_files,
        code=code_of("train"),
    output:
        adapters=directory("results/{experiment}/{relation}/{method}/adapters"),
        training="results/{experiment}/{relation}/{method}/training.parquet",
    log:
        "results/{experiment}/logs/train/{relation}/{method}.log",
    benchmark:
        "results/{experiment}/benchmarks/train/{relation}/{method}.tsv"
    wildcard_constraints:
        method="|".join(trained_methods()) or "none",
    conda:
        "../environment.yml"
    threads: half_the_cores
    resources:
        mem_mb=3500,
        runtime=720,
        gpu=gpus,
    params:
        config=settings_file,
        settings=settings_of("train"),
        command=command_of("train"),
        resume="results/{experiment}/{relation}/{method}/resume",
        minutes=minutes_flag,
    message:
        "Training: {wildcards.method} on {wildcards.relation}"
    shell:
        "dreamrelation train"
        " --config {params.config:q}"
        " --relation {wildcards.relation:q}"
        " --method {wildcards.method:q}"
        " --latents {input.latents:q}"
        " --captions {input.captions:q}"
        " --adapters {output.adapters:q}"
        " --training {output.training:q}"
        " --resume {params.resume:q}"
        " {params.minutes:q}"
        " > {log:q} 2>&1"
