"""Export: what one method learned of one relation, as files for diffusers and ComfyUI, with a model card.

in: adapters
out: results/{experiment}/{relation}/{method}/export/
"""

OF_EXPORTED_METHOD += ["export"]


rule export:
    input:
        adapters="results/{experiment}/{relation}/{method}/adapters",
        adapters_manifest="results/{experiment}/{relation}/{method}/adapters.json",
    output:
        export=directory("results/{experiment}/{relation}/{method}/export"),
    log:
        "results/{experiment}/logs/export/{relation}/{method}.log",
    benchmark:
        "results/{experiment}/benchmarks/export/{relation}/{method}.tsv"
    wildcard_constraints:
        method="|".join(settings.exported_methods) or "none",
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        settings=settings_of("export"),
        code=code_of("export"),
    message:
        "Export: {wildcards.method} of {wildcards.relation}"
    shell:
        "dreamrelation export"
        " --settings {params.settings:q}"
        " --relation {wildcards.relation:q}"
        " --method {wildcards.method:q}"
        " --adapters {input.adapters:q}"
        " --adapters-manifest {input.adapters_manifest:q}"
        " --export {output.export:q}"
        " > {log:q} 2>&1"
