# From clips of two people to a report of what was learned from them; `snakemake` makes everything of config.yaml.
# One stage per file of rules/, in the order of the includes; docs/ tells what each of them does.
from snakemake.utils import min_version

from dreamrelation.config import load
from dreamrelation.errors import UserError
from dreamrelation.planning import Plan
from dreamrelation.settings.stages import Chosen

min_version("9.25.1")


include: "rules/settings.smk"


wildcard_constraints:
    experiment=settings.experiment,
    relation="|".join(settings.relations),
    method="|".join(settings.methods),
    metric="|".join(settings.metrics) or "none",


report: "rules/report/workflow.rst"


include: "rules/common.smk"
include: "rules/puppets.smk"
include: "rules/clips.smk"
include: "rules/masks.smk"
include: "rules/captions.smk"
include: "rules/latents.smk"
include: "rules/train.smk"
include: "rules/export.smk"
include: "rules/prompts.smk"
include: "rules/generate.smk"
include: "rules/sample.smk"
include: "rules/evaluate.smk"
include: "rules/compare.smk"
include: "rules/table.smk"
include: "rules/study.smk"
include: "rules/analyse.smk"
include: "rules/report.smk"


rule all:
    default_target: True
    input:
        results_of_all_stages,
    message:
        f"Everything is there: results/{settings.experiment}/report/index.html"
