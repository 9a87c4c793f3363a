"""Analysis: what the model's own weights, its features and its attention say about where a relation is.

in: the base model; for attention also latents, captions and what a method learned
out: results/{experiment}/analysis/subspaces.{csv,svg}, results/{experiment}/analysis/feature_maps.png,
     results/{experiment}/{relation}/{method}/learned.{csv,svg}, attention.{csv,png,mp4} and
     strength.{png,mp4}
"""

SHOWN_OF_ANALYSIS = []

if settings.analysis.subspaces is not None:
    SHOWN_OF_ANALYSIS += ["analysis/subspaces.svg"]
    TARGETS += ["analysis/subspaces.csv"]
if settings.analysis.feature_maps is not None:
    SHOWN_OF_ANALYSIS += ["analysis/feature_maps.png"]
if settings.analysis.attention is not None:
    SHOWN_OF_ANALYSIS += of_each_method(
        ["attention.csv", "attention.png", "attention.mp4"], settings.analysis.attention.methods
    )
if settings.analysis.strength is not None:
    SHOWN_OF_ANALYSIS += of_each_method(["strength.png", "strength.mp4"], settings.analysis.strength.methods)
SHOWN_OF_ANALYSIS += of_each_method(["learned.svg"], settings.exported_methods)
TARGETS += [*SHOWN_OF_ANALYSIS, *of_each_method(["learned.csv"], settings.exported_methods)]


rule subspaces:
    input:
        model=model_files("subspaces"),
    output:
        table="results/{experiment}/analysis/subspaces.csv",
        figure="results/{experiment}/analysis/subspaces.svg",
    log:
        "results/{experiment}/logs/subspaces.log",
    benchmark:
        "results/{experiment}/benchmarks/subspaces.tsv"
    conda:
        "../environment.yml"
    threads: half_the_cores
    resources:
        mem_mb=2000,
        runtime=240,
        gpu=gpus,
    params:
        settings=settings_of("subspaces"),
        code=code_of("subspaces"),
        machine=machine,
        unfinished="results/{experiment}/analysis/unfinished_subspaces.jsonl",
    message:
        "Analysis: subspaces of the attention's matrices"
    shell:
        "dreamrelation subspaces"
        " --settings {params.settings:q}"
        " --machine {params.machine:q}"
        " --table {output.table:q}"
        " --figure {output.figure:q}"
        " --unfinished {params.unfinished:q}"
        " > {log:q} 2>&1"


rule learned:
    input:
        unpack(adapters_of),
    output:
        table="results/{experiment}/{relation}/{method}/learned.csv",
        figure="results/{experiment}/{relation}/{method}/learned.svg",
    log:
        "results/{experiment}/logs/learned/{relation}/{method}.log",
    benchmark:
        "results/{experiment}/benchmarks/learned/{relation}/{method}.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        settings=settings_of("learned"),
        code=code_of("learned"),
        adapters=adapters_flags,
    message:
        "Analysis: what {wildcards.method} learned of {wildcards.relation}"
    shell:
        "dreamrelation learned"
        " --settings {params.settings:q}"
        " --relation {wildcards.relation:q}"
        " --method {wildcards.method:q}"
        " {params.adapters:q}"
        " --table {output.table:q}"
        " --figure {output.figure:q}"
        " > {log:q} 2>&1"


rule feature_maps:
    input:
        model=model_files("feature_maps"),
    output:
        figure="results/{experiment}/analysis/feature_maps.png",
    log:
        "results/{experiment}/logs/feature_maps.log",
    benchmark:
        "results/{experiment}/benchmarks/feature_maps.tsv"
    conda:
        "../environment.yml"
    threads: half_the_cores
    resources:
        mem_mb=3500,
        runtime=120,
        gpu=gpus,
    params:
        settings=settings_of("feature_maps"),
        code=code_of("feature_maps"),
        machine=machine,
    message:
        "Analysis: feature maps"
    shell:
        "dreamrelation feature_maps"
        " --settings {params.settings:q}"
        " --machine {params.machine:q}"
        " --figure {output.figure:q}"
        " > {log:q} 2>&1"


rule attention:
    input:
        unpack(adapters_of),
        latents="results/{experiment}/{relation}/latents.parquet",
        captions="results/{experiment}/captions.parquet",
        model=model_files("attention"),
    output:
        table="results/{experiment}/{relation}/{method}/attention.csv",
        figure="results/{experiment}/{relation}/{method}/attention.png",
        video="results/{experiment}/{relation}/{method}/attention.mp4",
    log:
        "results/{experiment}/logs/attention/{relation}/{method}.log",
    benchmark:
        "results/{experiment}/benchmarks/attention/{relation}/{method}.tsv"
    conda:
        "../environment.yml"
    threads: half_the_cores
    resources:
        mem_mb=3500,
        runtime=120,
        gpu=gpus,
    params:
        settings=settings_of("attention"),
        code=code_of("attention"),
        machine=machine,
        adapters=adapters_flags,
    message:
        "Analysis: attention to {wildcards.relation} by {wildcards.method}"
    shell:
        "dreamrelation attention"
        " --settings {params.settings:q}"
        " --machine {params.machine:q}"
        " --relation {wildcards.relation:q}"
        " --method {wildcards.method:q}"
        " --latents {input.latents:q}"
        " --captions {input.captions:q}"
        " {params.adapters:q}"
        " --table {output.table:q}"
        " --figure {output.figure:q}"
        " --video {output.video:q}"
        " > {log:q} 2>&1"


rule strength:
    input:
        unpack(adapters_of),
        prompts="results/{experiment}/{relation}/prompts.parquet",
        model=model_files("strength"),
    output:
        figure="results/{experiment}/{relation}/{method}/strength.png",
        video="results/{experiment}/{relation}/{method}/strength.mp4",
    log:
        "results/{experiment}/logs/strength/{relation}/{method}.log",
    benchmark:
        "results/{experiment}/benchmarks/strength/{relation}/{method}.tsv"
    conda:
        "../environment.yml"
    threads: half_the_cores
    resources:
        mem_mb=3500,
        runtime=240,
        gpu=gpus,
    params:
        settings=settings_of("strength"),
        code=code_of("strength"),
        machine=machine,
        adapters=adapters_flags,
    message:
        "Analysis: strengths of {wildcards.method} on {wildcards.relation}"
    shell:
        "dreamrelation strength"
        " --settings {params.settings:q}"
        " --machine {params.machine:q}"
        " --relation {wildcards.relation:q}"
        " --method {wildcards.method:q}"
        " --prompts {input.prompts:q}"
        " {params.adapters:q}"
        " --figure {output.figure:q}"
        " --video {output.video:q}"
        " > {log:q} 2>&1"
