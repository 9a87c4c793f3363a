"""Generation: one method's videos of a relation, with new subjects.

in: captions, adapters (but for a method that has none), the base model
out: results/{experiment}/{relation}/{method}/videos/, videos.parquet
"""


rule generate:
    input:
        captions="results/{experiment}/captions.parquet",
        adapters=adapters_of,
        model=model_files,
        code=code_of("generate"),
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
        gpu=gpus,
    params:
        config=settings_file,
        settings=settings_of("generate"),
        command=command_of("generate"),
        adapters=adapters_flag,
    message:
        "Generation: {wildcards.relation} by {wildcards.method}"
    shell:
        "dreamrelation generate"
        " --config {params.config:q}"
        " --relation {wildcards.relation:q}"
        " --method {wildcards.method:q}"
        " --captions {input.captions:q}"
        " {params.adapters:q}"
        " --videos {output.videos:q}"
        " --manifest {output.manifest:q}"
        " > {log:q} 2>&1"
