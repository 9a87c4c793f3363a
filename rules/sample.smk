"""Samples: videos of what a method had learned after some of its training's steps, `training.snapshots`.

in: what was learned by then, prompts, the base model
out: results/{experiment}/{relation}/{method}/samples/step_{step}/videos/, videos.parquet
"""

TARGETS += [
    f"{relation}/{method}/samples/step_{step}/videos.parquet"
    for method, steps in settings.snapshots.items()
    for step in steps
    for relation in settings.relations
]


rule sample:
    input:
        adapters="results/{experiment}/{relation}/{method}/adapters",
        prompts="results/{experiment}/{relation}/prompts.parquet",
        model=model_files("generate"),
    output:
        videos=directory("results/{experiment}/{relation}/{method}/samples/step_{step}/videos"),
        manifest="results/{experiment}/{relation}/{method}/samples/step_{step}/videos.parquet",
    log:
        "results/{experiment}/logs/sample/{relation}/{method}/step_{step}.log",
    benchmark:
        "results/{experiment}/benchmarks/sample/{relation}/{method}/step_{step}.tsv"
    wildcard_constraints:
        method="|".join(settings.snapshots) or "none",
        step=r"\d+",
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
        unfinished="results/{experiment}/{relation}/{method}/samples/step_{step}/unfinished_videos",
        minutes=minutes_flag,
    message:
        "Samples: {wildcards.relation} by {wildcards.method} after step {wildcards.step}"
    shell:
        "dreamrelation generate"
        " --settings {params.settings:q}"
        " --machine {params.machine:q}"
        " --relation {wildcards.relation:q}"
        " --method {wildcards.method:q}"
        " --prompts {input.prompts:q}"
        " --adapters {input.adapters:q}/step_{wildcards.step}"
        " --adapters-manifest {input.adapters:q}/step_{wildcards.step}/adapters.json"
        " --videos {output.videos:q}"
        " --manifest {output.manifest:q}"
        " --unfinished {params.unfinished:q}"
        " {params.minutes:q}"
        " > {log:q} 2>&1"
