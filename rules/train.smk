"""Training: what one method learns of one relation.

in: latents, captions, the base model
out: results/{experiment}/{relation}/{method}/adapters/, adapters.json (its files' digests), training.parquet
A killed training goes on from its resume folder, which is no output: Snakemake removes the outputs of a killed job.
"""

OF_TRAINED_METHOD += ["adapters", "adapters.json", "training.parquet"]


rule train:
    input:
        latents="results/{experiment}/{relation}/latents.parquet",
        captions="results/{experiment}/captions.parquet",
        model=model_files("train"),
    output:
        adapters=directory("results/{experiment}/{relation}/{method}/adapters"),
        manifest="results/{experiment}/{relation}/{method}/adapters.json",
        training="results/{experiment}/{relation}/{method}/training.parquet",
    log:
        "results/{experiment}/logs/train/{relation}/{method}.log",
    benchmark:
        "results/{experiment}/benchmarks/train/{relation}/{method}.tsv"
    wildcard_constraints:
        method="|".join(settings.trained_methods) or "none",
    conda:
        "../environment.yml"
    threads: half_the_cores
    resources:
        mem_mb=3500,
        runtime=720,
        gpu=gpus_of_training,
    params:
        settings=settings_of("train"),
        code=code_of("train"),
        machine=machine,
        resume="results/{experiment}/{relation}/{method}/resume",
        minutes=minutes_flag,
        board=board_flag,
    message:
        "Training: {wildcards.method} on {wildcards.relation}"
    shell:
        "dreamrelation train"
        " --settings {params.settings:q}"
        " --machine {params.machine:q}"
        " --relation {wildcards.relation:q}"
        " --method {wildcards.method:q}"
        " --latents {input.latents:q}"
        " --captions {input.captions:q}"
        " --adapters {output.adapters:q}"
        " --manifest {output.manifest:q}"
        " --training {output.training:q}"
        " --resume {params.resume:q}"
        " {params.minutes:q}"
        " {params.board:q}"
        " > {log:q} 2>&1"
