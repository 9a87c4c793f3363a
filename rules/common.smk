"""What the rules share: where things are, what a stage depends on, and what a job may use.

A stage is run again when its data change, or the settings it uses (`params.settings`), the modules it runs
(`input.code`), its part of the command line (`params.command`), or the model's files; and for no other reason.
The resolved settings reach a command in a file which is written when a run starts. That file is no input: a rule that
wrote it would hide changed params, which Snakemake looks at only where no job before has to run.
"""

import ast
import shlex
import shutil
import sys
from functools import cache

import dreamrelation
from dreamrelation.config import stage_settings

PACKAGE = Path(dreamrelation.__file__).parent
HANDED_ON = {"config", "settings.experiment"}
"""Modules that only hand on the settings, whose values are in the params: their edits rerun nothing."""

# The commands are those of the environment that Snakemake itself runs in, also where nobody has activated it.
shell.prefix(f'PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"; ')


def results(path):
    """A path under the experiment's folder of results."""
    return f"results/{settings.experiment}/{path}"


def results_folder(wildcards):
    return f"results/{wildcards.experiment}"


def settings_file(wildcards, output):
    """The resolved settings of this run.

    It takes `output` so that Snakemake counts it as derived and a renamed experiment does not play the puppets again.
    """
    return results("settings.yaml")


def settings_of(stage):
    """A function that gives the settings which `stage` uses, with those of its method where it has one."""

    def used_settings(wildcards):
        return stage_settings(settings, stage, getattr(wildcards, "method", None))

    return used_settings


def command_of(stage):
    """A function that gives the text of the subcommand of `stage`, which puts together what its package needs."""

    def command_text(wildcards):
        return "\n".join(map(ast.unparse, command_functions(f"run_{stage}")))

    return command_text


def code_of(stage):
    """A function that gives the files of the package which the subcommand of `stage` runs."""

    def code_files(wildcards):
        return closure(f"run_{stage}")

    return code_files


@cache
def command_functions(name):
    """Syntax trees of a function of the command line and of those of its functions that it calls, in order."""
    tree = ast.parse((PACKAGE / "cli.py").read_text(encoding="utf-8"))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    found, waiting = set(), [name]
    while waiting:
        found.add(current := waiting.pop())
        called = {node.id for node in ast.walk(functions[current]) if isinstance(node, ast.Name)}
        waiting += called & functions.keys() - found
    return [functions[name] for name in functions if name in found]


@cache
def closure(command):
    """Paths of all that a function of the command line imports from the package, and of the data beside these."""
    found, waiting = set(), set().union(*map(imported, command_functions(command)))
    while waiting:
        source = waiting.pop()
        found.add(source)
        waiting |= imported(ast.parse(source.read_text(encoding="utf-8"))) - found
    return sorted(shown(path) for path in found.union(*map(data_beside, found)))


def imported(tree):
    """Files of the package that are imported in a syntax tree, at its top or inside a function."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    inside = {name.removeprefix("dreamrelation.") for name in names if name.startswith("dreamrelation.")}
    return {path for name in inside - HANDED_ON if (path := module_file(name)).is_file()}


def module_file(name):
    path = PACKAGE.joinpath(*name.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def data_beside(source):
    """Data of a module: the file of its name at the top of the package, all of its subpackage's below."""
    near = [source.with_suffix(".yaml")] if source.parent == PACKAGE else source.parent.rglob("*")
    return {path for path in near if path.is_file() and path.suffix not in {".py", ".pyc"}}


def shown(path):
    """Relative to the working directory where it lies in it, so that a moved checkout is the same checkout."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def data_files(wildcards):
    """What the clips are read from: the puppets' folder, or the folders and lists of a data set that is there."""
    if settings.puppets is not None:
        return [settings.puppets.folder]
    named = [settings.data.videos, settings.data.skeletons, settings.data.captions, *settings.data.missing_skeletons]
    return [path for path in named if path is not None]


def segmenter_files(wildcards):
    """Checkpoints of the segmenter, and true masks that do not come with the data."""
    masks = settings.masks
    named = [masks.truth] if settings.puppets is None else []
    if masks.segmenter == "grounded_sam":
        sam = masks.grounded_sam
        named += [sam.detector_checkpoint, sam.detector_config, sam.segmenter_checkpoint]
        named += local_files(sam.text_encoder)
    return [path for path in named if path is not None]


def model_files(wildcards):
    return local_files(settings.model.path)


def measure_files(wildcards):
    """Models of the evaluation."""
    evaluation = settings.evaluation
    judge = [] if evaluation.judge is None else local_files(evaluation.judge_path)
    return judge + (local_files(evaluation.clip_path) if evaluation.features == "clip" else [])


@cache
def local_files(name):
    """Files of a local model; none for the id of a hub, which has one slash at most.

    The folder itself is given where it is not there, so that Snakemake names what is missing.
    """
    folder = Path(name)
    if folder.is_dir():
        return sorted(str(path) for path in folder.rglob("*") if path.is_file())
    return [name] if len(folder.parts) > 2 or folder.is_absolute() else []


def trained_methods():
    return [name for name in settings.methods if settings.method(name).trains]


def adapters_of(wildcards):
    """The folder of adapters; nothing for a method that trains none."""
    if not settings.method(wildcards.method).trains:
        return []
    return [results(f"{wildcards.relation}/{wildcards.method}/adapters")]


def adapters_flag(wildcards):
    return [part for folder in adapters_of(wildcards) for part in ("--adapters", folder)]


def files_of_all_stages(wildcards):
    """Each stage's files: Snakemake misses a deleted file only where something to be made still asks for it."""
    files = ["clips/index.parquet", "clips/selection.parquet", "captions.parquet", "tables/scores.csv", "report"]
    for relation in settings.relations:
        of_relation = ["masks.parquet", "masks.png", "rejections.parquet", "latents.parquet", "evaluation.json"]
        for method in settings.methods:
            trained = ["adapters", "training.parquet"] if method in trained_methods() else []
            of_method = ["videos", "videos.parquet", "scores.parquet", *trained]
            of_relation += [f"{method}/{name}" for name in of_method]
        files += [f"{relation}/{name}" for name in of_relation]
    return [results(name) for name in files]


def scores_of(wildcards):
    """The scores of all methods in one relation."""
    return [results(f"{wildcards.relation}/{method}/scores.parquet") for method in settings.methods]


def minutes_flag(wildcards, resources):
    """On a cluster, let a command save its state and stop before its time is up."""
    return ["--minutes", max(resources.runtime - 10, resources.runtime // 2)] if workflow.remote_exec else []


def gpus(wildcards):
    """Graphics cards of a job: none on a machine without one, where jobs then run beside each other on its cores.

    On a cluster the machine of the job counts, not this one: profiles/slurm says it for each rule.
    """
    device = settings.model.device
    return int(device == "cuda" or (device == "auto" and shutil.which("nvidia-smi") is not None))


def half_the_cores(wildcards):
    """Two jobs of small models get more done than one on all cores: much of their time goes to starting."""
    return max((workflow.cores or 2) // 2, 1)
