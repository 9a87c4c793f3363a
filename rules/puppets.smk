"""The puppet theatre: a data set in NTU's own way, and the small models which come with the repository.

in: nothing but settings
out: the folder puppets.folder; data/puppets/models/, when `snakemake puppet_models` asks for it
"""

if settings.puppets is not None:

    rule puppets:
        input:
            code=code_of("puppets"),
        output:
            folder=directory(settings.puppets.folder),
        log:
            results("logs/puppets.log"),
        benchmark:
            results("benchmarks/puppets.tsv")
        conda:
            "../environment.yml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime=30,
        params:
            config=settings_file,
            settings=settings_of("puppets"),
            command=command_of("puppets"),
        message:
            "The puppets play their clips"
        shell:
            "dreamrelation puppets --config {params.config:q} > {log:q} 2>&1"


# Hours of training, whose result is in the repository. It declares no output: then nothing asks for it, nothing removes
# the models that are there before it has others, and a killed run goes on where it was.
rule puppet_models:
    log:
        "results/puppet_models/puppet_models.log",
    benchmark:
        "results/puppet_models/puppet_models.tsv"
    conda:
        "../environment.yml"
    threads: workflow.cores or 8
    resources:
        mem_mb=6000,
        runtime=1440,
        gpu=gpus,
    params:
        output="data/puppets/models",
        work="results/puppet_models",
    message:
        "Training of the small Mochi and of the judge, for hours"
    shell:
        "dreamrelation puppet-models --output {params.output:q} --work {params.work:q} 2>&1 | tee {log:q}"
