"""The user study's table, the paper's fourth; `dreamrelation study` builds the study, shows it to people and tallies it.

in: results/{experiment}/study/tally.json
out: results/{experiment}/tables/table4.{csv,md,tex}
"""

if tally_of_study(None):
    TARGETS += [f"tables/table4.{kind}" for kind in ("csv", "md", "tex")]


rule study_table:
    input:
        tally="results/{experiment}/study/tally.json",
    output:
        csv="results/{experiment}/tables/table4.csv",
        markdown="results/{experiment}/tables/table4.md",
        latex="results/{experiment}/tables/table4.tex",
    log:
        "results/{experiment}/logs/table4.log",
    benchmark:
        "results/{experiment}/benchmarks/table4.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        settings=settings_of("study_table"),
        code=code_of("study_table"),
    message:
        "Table 4 of the paper: the user study"
    shell:
        "dreamrelation study_table"
        " --settings {params.settings:q}"
        " --tally {input.tally:q}"
        " --csv {output.csv:q}"
        " --markdown {output.markdown:q}"
        " --latex {output.latex:q}"
        " > {log:q} 2>&1"
