"""Generation: one method's videos of a relation, with new subjects.

in: prompts, adapters (but for a method that trains nothing), the base model
out: results/{experiment}/{relation}/{method}/videos/, videos.parquet
A killed job goes on with the videos that are missing: those that are finished lie in a folder that is no output.
"""

OF_METHOD += ["videos", "videos.parquet"]


rule generate:
    input:
        unpack(adapters_of),
        prompts="results/{experiment}/{relation}/prompts.parquet",
        model=model_files("generate"),
    output:
        videos=directory("results/{experiment}/{relation}/{method}/videos"),
        manifest="results/{experiment}/{relation}/{method}/videos.parquet",
    log:
        "results/{experiment}/logs/generate/{relation}/{method}.log",
    benchmark:
        "results/{experiment}/benchmarks/generate/{relation}/{method}.tsv"
    conda:
        "../environment.yml"
    threads: half_the_cores
    resources:
        mem_mb=3500,
        runtime=720,
        gpu=gpus_of_generation,
    params:
        settings=settings_of("generate"),
        code=code_of("generate"),
        machine=machine,
        adapters=adapters_flags,
        unfinished="results/{experiment}/{relation}/{method}/unfinished_videos",
        minutes=minutes_flag,
    message:
        "Generation: {wildcards.relation} by {wildcards.method}"
    shell:
        "dreamrelation generate"
        " --settings {params.settings:q}"
        " --machine {params.machine:q}"
        " --relation {wildcards.relation:q}"
        " --method {wildcards.method:q}"
        " --prompts {input.prompts:q}"
        " {params.adapters:q}"
        " --videos {output.videos:q}"
        " --manifest {output.manifest:q}"
        " --unfinished {params.unfinished:q}"
        " {params.minutes:q}"
        " > {log:q} 2>&1"
