"""Clips: every file of the data set with its verdict, and the windows that are used.

in: the puppets' data set, or the folders of videos and skeletons
out: results/{experiment}/clips/index.parquet, results/{experiment}/clips/selection.parquet
What was found out about each clip stays in memo.jsonl, which is no output, so that only new and changed clips are looked
into again.
"""

TARGETS += ["clips/index.parquet", "clips/selection.parquet"]


rule clips:
    input:
        data=data_files,
    output:
        index="results/{experiment}/clips/index.parquet",
        selection="results/{experiment}/clips/selection.parquet",
    log:
        "results/{experiment}/logs/clips.log",
    benchmark:
        "results/{experiment}/benchmarks/clips.tsv"
    conda:
        "../environment.yml"
    threads: all_the_cores
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        settings=settings_of("clips"),
        code=code_of("clips"),
        memo="results/{experiment}/clips/memo.jsonl",
    message:
        "Clips: reading and selecting"
    shell:
        "dreamrelation clips"
        " --settings {params.settings:q}"
        " --memo {params.memo:q}"
        " --processes {threads}"
        " --index {output.index:q}"
        " --selection {output.selection:q}"
        " > {log:q} 2>&1"
