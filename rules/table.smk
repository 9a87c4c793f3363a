"""The paper's tables, each with this experiment's numbers beside the paper's; a table needs its own methods alone.

in: the scores of its methods
out: results/{experiment}/tables/table{number}.{csv,md,tex}
"""

TARGETS += [f"tables/table{number}.{kind}" for number in plan.paper_tables for kind in ("csv", "md", "tex")]


rule table:
    input:
        scores=scores_of_table,
    output:
        csv="results/{experiment}/tables/table{number}.csv",
        markdown="results/{experiment}/tables/table{number}.md",
        latex="results/{experiment}/tables/table{number}.tex",
    log:
        "results/{experiment}/logs/table{number}.log",
    benchmark:
        "results/{experiment}/benchmarks/table{number}.tsv"
    wildcard_constraints:
        number=r"[1-35-9]",
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        settings=settings_of("table"),
        code=code_of("table"),
    message:
        "Table {wildcards.number} of the paper"
    shell:
        "dreamrelation table"
        " --settings {params.settings:q}"
        " --number {wildcards.number:q}"
        " --scores {input.scores:q}"
        " --csv {output.csv:q}"
        " --markdown {output.markdown:q}"
        " --latex {output.latex:q}"
        " > {log:q} 2>&1"
