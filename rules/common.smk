"""What the rules share: where things are, what a stage depends on, and what a job may use.

A stage is run again when its inputs change, or its slice of the settings (`params.settings`), or the code that it runs
(`params.code`), and for no other reason. What is said about the machine reruns nothing: such params are functions of
`resources`, which Snakemake does not compare.
"""

import shlex
import sys
from pathlib import Path

from snakemake_interface_executor_plugins.settings import SharedFSUsage

from dreamrelation.digests import DIGESTS
from dreamrelation.progress import TERMINAL

# The commands are those of the environment that Snakemake itself runs in, also where nobody has activated it. Jobs
# write to their logs, and tell people at the terminal through a descriptor of its own how far they are. They share what
# they know of large files.
shell.prefix(
    f'export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"; exec 3>&2; export {TERMINAL}=3; '
    f"export {DIGESTS}=results/{shlex.quote(settings.experiment)}/digests.json; "
)


# Of jobs that a cluster's profile submits as a group, one runs at a time: the run inside of their one job is not told the
# limits that the profile counts with.
if workflow.remote_exec:
    workflow.register_resource("turn", 1)


# Each stage's file of rules adds what it makes, below the experiment's folder.
TARGETS, OF_RELATION, OF_METHOD, OF_TRAINED_METHOD, OF_EXPORTED_METHOD = [], [], [], [], []


def results(path):
    """A path under the experiment's folder of results."""
    return f"results/{settings.experiment}/{path}"


def results_folder(wildcards):
    return stored(f"results/{wildcards.experiment}")


def stored(path):
    """Where a path of the results lies on this machine: there, or where its copy does if a storage plug-in holds it."""
    provider = workflow.storage_registry.default_storage_provider
    if provider is None:
        return path
    prefix = workflow.storage_settings.default_storage_prefix.rstrip("/")
    return str(provider.object(f"{prefix}/{path}").local_path())


def chosen(wildcards):
    """The method, the metric and the relation that a job is about, where it is about one."""
    return Chosen(*(getattr(wildcards, name, None) for name in ("method", "metric", "relation")))


def settings_of(stage):
    """A function that gives the settings of `stage` as JSON."""

    def stage_settings(wildcards):
        return plan.settings(stage, chosen(wildcards))

    return stage_settings


def code_of(stage):
    """A function that gives a digest of the code that `stage` runs."""

    def stage_code(wildcards):
        return plan.code(stage, chosen(wildcards))

    return stage_code


def machine(wildcards, resources):
    """Settings of the machine as JSON; a function of `resources`, so that a change of them reruns nothing."""
    return plan.machine


def model_files(stage):
    """A function that gives the files of the model's parts that `stage` loads."""

    def files_of_model(wildcards):
        return here(plan.model_files(stage))

    return files_of_model


def metric_files(wildcards):
    return here(plan.metric_files(wildcards.metric))


def data_files(wildcards):
    return here(plan.data_files)


def segmenter_files(wildcards):
    return here(plan.segmenter_files)


def here(paths):
    """Models and data sets, which lie where the settings say, on each machine and in no storage of results.

    Where machines share no files Snakemake would run a job that has them as inputs on this one; there they are none.
    """
    shared = SharedFSUsage.INPUT_OUTPUT in workflow.storage_settings.shared_fs_usage
    return local(paths) if shared else []


def adapters_of(wildcards):
    """What a method has learned; nothing for one that trains nothing."""
    learner = settings.learner(wildcards.method)
    if learner not in settings.trained_methods:
        return {}
    folder = results(f"{wildcards.relation}/{learner}")
    return {"adapters": f"{folder}/adapters", "adapters_manifest": f"{folder}/adapters.json"}


def adapters_flags(wildcards):
    adapters = {name: stored(path) for name, path in adapters_of(wildcards).items()}
    return [text for name, path in adapters.items() for text in (f"--{name.replace('_', '-')}", path)]


def controls_of(wildcards):
    """The controls of a relation; metrics that are not asked about real clips have none."""
    return [results(f"{wildcards.relation}/controls/{metric}.parquet") for metric in plan.controlled_metrics]


def scores_of_table(wildcards):
    """Of the methods of a table that the experiment has."""
    try:
        methods = plan.methods_of_table(int(wildcards.number))
    except UserError as error:
        raise WorkflowError(str(error)) from None
    return expand(
        results("{relation}/{method}/scores/{metric}.parquet"),
        relation=settings.relations,
        method=methods,
        metric=settings.metrics,
    )


def tally_of_study(wildcards):
    """What the raters of the user study said, where there was one."""
    path = results("study/tally.json").format(experiment=settings.experiment)
    return [path] if Path(path).exists() else []


def minutes_flag(wildcards, resources):
    """On a cluster, let a command save its state and stop before its time is up."""
    return ["--minutes", max(resources.runtime - 10, resources.runtime / 2)] if workflow.remote_exec else []


def board_flag(wildcards, resources):
    """A folder for TensorBoard where the machine's settings ask for it; a function of `resources`: it reruns nothing."""
    folder = f"results/{wildcards.experiment}/logs/tensorboard/{wildcards.relation}/{wildcards.method}"
    return ["--board", folder] if settings.machine.tensorboard else []


def gpus(wildcards):
    """Graphics cards of a job: none on a machine without one, where jobs then run beside each other on its cores.

    On a cluster the machine of the job counts, not this one: a job asks for one unless `machine.device` is cpu.
    """
    on_cluster = workflow.remote_exec or workflow.non_local_exec
    return int(settings.machine.device != "cpu" if on_cluster else plan.wants_gpu)


def gpus_of_training(wildcards):
    """One for each process of a training."""
    return gpus(wildcards) * settings.machine.training_processes


def gpus_of_generation(wildcards):
    """One for each process of a generation."""
    return gpus(wildcards) * settings.machine.generation_processes


def all_the_cores(wildcards):
    """For one job that reads as fast as it can; a cluster has no number of cores, and profiles/slurm gives threads."""
    return workflow.resource_settings.cores or 1


def half_the_cores(wildcards):
    """Two jobs of small models get more done than one on all cores: much of their time goes to starting.

    A cluster has no number of cores; profiles/slurm gives each rule its threads.
    """
    return max((workflow.resource_settings.cores or 2) // 2, 1)


def results_of_all_stages(wildcards):
    """Each stage's files: Snakemake misses a deleted file only where something to be made still asks for it."""
    names = [
        *TARGETS,
        *of_each_relation(OF_RELATION),
        *of_each_method(OF_METHOD, settings.methods),
        *of_each_method(OF_TRAINED_METHOD, settings.trained_methods),
        *of_each_method(OF_EXPORTED_METHOD, settings.exported_methods),
    ]
    return [results(name) for name in names]


def of_each_relation(names):
    return [f"{relation}/{name}" for relation in settings.relations for name in names]


def of_each_method(names, methods):
    return of_each_relation([f"{method}/{name}" for method in methods for name in names])
