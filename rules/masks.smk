"""Masks: both subjects in each selected clip of a relation.

in: results/{experiment}/clips/selection.parquet, videos, skeletons, the segmenter's checkpoints
out: results/{experiment}/{relation}/masks.parquet, masks.png (contact sheet), rejections.parquet
"""

OF_RELATION += ["masks.parquet", "masks.png", "rejections.parquet"]


rule masks:
    input:
        selection="results/{experiment}/clips/selection.parquet",
        data=data_files,
        segmenter=segmenter_files,
    output:
        masks="results/{experiment}/{relation}/masks.parquet",
        contact_sheet=report(
            "results/{experiment}/{relation}/masks.png",
            caption="report/masks.rst",
            category="Masks",
            labels={"relation": "{relation}"},
        ),
        rejections="results/{experiment}/{relation}/rejections.parquet",
    log:
        "results/{experiment}/logs/masks/{relation}.log",
    benchmark:
        "results/{experiment}/benchmarks/masks/{relation}.tsv"
    conda:
        "../environment.yml"
    threads: half_the_cores
    resources:
        mem_mb=3500,
        runtime=240,
        gpu=gpus,
    params:
        settings=settings_of("masks"),
        code=code_of("masks"),
        machine=machine,
    message:
        "Masks: {wildcards.relation}"
    shell:
        "dreamrelation masks"
        " --settings {params.settings:q}"
        " --machine {params.machine:q}"
        " --relation {wildcards.relation:q}"
        " --selection {input.selection:q}"
        " --masks {output.masks:q}"
        " --contact-sheet {output.contact_sheet:q}"
        " --rejections {output.rejections:q}"
        " > {log:q} 2>&1"
