"""Comparison: every method beside every other, over all relations.

in: all scores
out: results/{experiment}/tables/{comparison,differences}.csv
"""

TARGETS += ["tables/comparison.csv", "tables/differences.csv"]


rule compare:
    input:
        scores=expand(
            "results/{{experiment}}/{relation}/{method}/scores/{metric}.parquet",
            relation=settings.relations,
            method=settings.methods,
            metric=settings.metrics,
        ),
    output:
        comparison=report(
            "results/{experiment}/tables/comparison.csv",
            caption="report/comparison.rst",
            category="Scores",
        ),
        differences=report(
            "results/{experiment}/tables/differences.csv",
            caption="report/differences.rst",
            category="Scores",
        ),
    log:
        "results/{experiment}/logs/compare.log",
    benchmark:
        "results/{experiment}/benchmarks/compare.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        settings=settings_of("compare"),
        code=code_of("compare"),
    message:
        "Comparison of all methods"
    shell:
        "dreamrelation compare"
        " --settings {params.settings:q}"
        " --scores {input.scores:q}"
        " --comparison {output.comparison:q}"
        " --differences {output.differences:q}"
        " > {log:q} 2>&1"
