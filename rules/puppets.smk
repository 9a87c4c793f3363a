"""The puppet theatre: a data set in NTU's own way, and the small models which come with the repository.

in: nothing but settings
out: in the folder puppets.folder captions.tsv, bad_clips.tsv, true_masks.parquet and manifest.json, which knows each
clip by its digest; data/puppets/models/, when `snakemake puppet_models` asks for it
"""

from dreamrelation.puppets.theatre.folder import check_replaceable

if settings.puppets is not None:

    # Before Snakemake makes room for the outputs: they may bear the names of somebody's files.
    try:
        check_replaceable(Path(settings.puppets.folder))
    except UserError as error:
        raise WorkflowError(str(error)) from None

    # The folder is no output: Snakemake would empty it, whatever else were in it.
    rule puppets:
        output:
            local(plan.theatre_files),
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
            settings=settings_of("puppets"),
            code=code_of("puppets"),
        message:
            "The puppets play their clips"
        shell:
            "dreamrelation puppets --settings {params.settings:q} > {log:q} 2>&1"


# Hours of training, whose result is in the repository. It declares no output: then nothing asks for it, nothing removes
# the models that are there before it has others, and a killed run goes on where it was.
rule puppet_models:
    log:
        "results/puppet_models/puppet_models.log",
    benchmark:
        "results/puppet_models/puppet_models.tsv"
    conda:
        "../environment.yml"
    threads: half_the_cores
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
