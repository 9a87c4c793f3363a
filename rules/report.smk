"""Report: one page with pictures, videos side by side, curves and scores.

in: all that the stages wrote
out: results/{experiment}/report/index.html, results/{experiment}/tables/scores.csv
"""


rule report:
    input:
        data=data_files,
        clips=expand("results/{{experiment}}/clips/{table}.parquet", table=["index", "selection"]),
        masks=expand(
            "results/{{experiment}}/{relation}/{file}",
            relation=settings.relations,
            file=["masks.parquet", "masks.png", "rejections.parquet"],
        ),
        training=expand(
            "results/{{experiment}}/{relation}/{method}/training.parquet",
            relation=settings.relations,
            method=trained_methods(),
        ),
        videos=expand(
            "results/{{experiment}}/{relation}/{method}/{file}",
            relation=settings.relations,
            method=settings.methods,
            file=["videos", "videos.parquet", "scores.parquet"],
        ),
        evaluations=expand("results/{{experiment}}/{relation}/evaluation.json", relation=settings.relations),
        code=code_of("report"),
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
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        config=settings_file,
        settings=settings_of("report"),
        command=command_of("report"),
        results=results_folder,
    message:
        "Report"
    shell:
        "dreamrelation report"
        " --config {params.config:q}"
        " --results {params.results:q}"
        " --report {output.report:q}"
        " --scores-table {output.scores:q}"
        " > {log:q} 2>&1"
