"""Report: pages with pictures, videos side by side, curves, scores and provenance; an overview, and one for each relation.

in: all that the stages wrote, among it results/{experiment}/tables/{comparison,differences}.csv
out: results/{experiment}/report/index.html, results/{experiment}/tables/scores.csv
"""

SHOWN_OF_RELATION = of_each_relation(OF_RELATION)
SHOWN_OF_METHODS = of_each_method(OF_METHOD, settings.methods)

TARGETS += ["report", "tables/scores.csv"]


rule report:
    input:
        data=data_files,
        clips=expand("results/{{experiment}}/clips/{table}.parquet", table=["index", "selection"]),
        relations=expand("results/{{experiment}}/{file}", file=SHOWN_OF_RELATION),
        methods=expand("results/{{experiment}}/{file}", file=SHOWN_OF_METHODS),
        training=expand(
            "results/{{experiment}}/{relation}/{method}/training.parquet",
            relation=settings.relations,
            method=settings.trained_methods,
        ),
        comparison="results/{experiment}/tables/comparison.csv",
        differences="results/{experiment}/tables/differences.csv",
        study=tally_of_study,
        analysis=expand("results/{{experiment}}/{file}", file=SHOWN_OF_ANALYSIS),
    output:
        report=report(
            directory("results/{experiment}/report"),
            caption="report/report.rst",
            category="Report",
            htmlindex="index.html",
        ),
        scores=report(
            "results/{experiment}/tables/scores.csv",
            caption="report/scores.rst",
            category="Scores",
        ),
    log:
        "results/{experiment}/logs/report.log",
    benchmark:
        "results/{experiment}/benchmarks/report.tsv"
    conda:
        "../environment.yml"
    threads: all_the_cores
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        settings=settings_of("report"),
        code=code_of("report"),
        results=results_folder,
    message:
        "Report"
    shell:
        "dreamrelation report"
        " --settings {params.settings:q}"
        " --results {params.results:q}"
        " --report {output.report:q}"
        " --scores-table {output.scores:q}"
        " --threads {threads}"
        " > {log:q} 2>&1"
