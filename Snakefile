# From clips of two people to a report of what was learned from them; `snakemake` makes everything of config.yaml.
# One stage per file of rules/, in the order of the includes; docs/ tells what each of them does.
from pathlib import Path

from snakemake.utils import min_version

from dreamrelation.config import ConfigError, from_mapping, write_resolved

min_version("9.25.1")


configfile: "config.yaml"


try:
    settings = from_mapping(config, " + ".join(map(str, workflow.configfiles)))
except ConfigError as error:
    raise WorkflowError(str(error)) from None


wildcard_constraints:
    experiment=settings.experiment,
    relation="|".join(settings.relations),
    method="|".join(settings.methods),


report: "rules/report/workflow.rst"


include: "rules/common.smk"
include: "rules/puppets.smk"
include: "rules/clips.smk"
include: "rules/masks.smk"
include: "rules/captions.smk"
include: "rules/latents.smk"
include: "rules/train.smk"
include: "rules/generate.smk"
include: "rules/evaluate.smk"
include: "rules/report.smk"


rule all:
    default_target: True
    input:
        files_of_all_stages,


onstart:
    write_resolved(settings.model_dump(mode="json"), Path(results("settings.yaml")))
