"""What each stage is called with on the command line; nothing heavy is imported before a stage runs.

Settings come from configuration files (`--config`), or as the very slice that the workflow planned a job with
(`--settings` and `--machine`), so that no later edit of a file changes what a job does.
"""

import argparse
import json
import os
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from dreamrelation.config import load, write_settings
from dreamrelation.errors import UserError
from dreamrelation.own_cards import take_cards
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.stage_registry import STAGES
from dreamrelation.settings.stages import Chosen, RelationStage
from dreamrelation.stages.study_commands import add_study, call_study


@dataclass(frozen=True)
class Command:
    """One stage: its flags are the keyword arguments of `run` in the stage's module."""

    about: str
    names: tuple[str, ...] = ()
    """Flags that take a name: relation, method, metric; or the number of a table."""
    paths: tuple[str, ...] = ()
    """Flags that take a path."""
    lists: tuple[str, ...] = ()
    """Flags that take any number of paths."""
    optional: tuple[str, ...] = ()
    """Those of `paths` that may be left out."""
    numbers: tuple[str, ...] = ()
    """Flags that take a number and may be left out."""
    counts: tuple[str, ...] = ()
    """Flags that take a whole number and may be left out."""
    machine: bool = True
    """Whether the stage is told about the machine."""
    settings_beside: str | None = None
    """The output beside which the stage's settings are written."""


COMMANDS: dict[str, Command] = {
    "puppets": Command("play the puppets' data set", machine=False),
    "clips": Command(
        "find, check and choose clips",
        paths=("memo", "index", "selection"),
        counts=("processes",),
        machine=False,
        settings_beside="selection",
    ),
    "masks": Command(
        "segment both subjects",
        names=("relation",),
        paths=("selection", "masks", "contact_sheet", "rejections"),
        settings_beside="masks",
    ),
    "captions": Command("embed the captions of the clips", paths=("selection", "captions"), settings_beside="captions"),
    "latents": Command(
        "encode clips and pool masks",
        names=("relation",),
        paths=("selection", "masks", "latents"),
        settings_beside="latents",
    ),
    "train": Command(
        "train one method on one relation",
        names=("relation", "method"),
        paths=("latents", "captions", "adapters", "manifest", "training", "resume", "board"),
        optional=("board",),
        numbers=("minutes",),
        settings_beside="training",
    ),
    "prompts": Command(
        "embed the prompts of one relation", names=("relation",), paths=("prompts",), settings_beside="prompts"
    ),
    "generate": Command(
        "generate one method's videos of one relation",
        names=("relation", "method"),
        paths=("prompts", "videos", "manifest", "unfinished", "adapters", "adapters_manifest"),
        optional=("adapters", "adapters_manifest"),
        numbers=("minutes",),
        settings_beside="manifest",
    ),
    "export": Command(
        "write what one method learned for other programs",
        names=("relation", "method"),
        paths=("adapters", "adapters_manifest", "export"),
        machine=False,
    ),
    "evaluate": Command(
        "take one metric of one method's videos",
        names=("relation", "method", "metric"),
        paths=("manifest", "videos", "selection", "answers", "scores"),
        optional=("answers",),
        settings_beside="scores",
    ),
    "controls": Command(
        "take one metric of real clips, whose truth is known",
        names=("relation", "metric"),
        paths=("selection", "answers", "controls"),
        optional=("answers",),
        settings_beside="controls",
    ),
    "summarise": Command(
        "sum up one relation",
        names=("relation",),
        paths=("evaluation",),
        lists=("scores", "controls"),
        machine=False,
        settings_beside="evaluation",
    ),
    "compare": Command(
        "compare the methods over all relations",
        paths=("comparison", "differences"),
        lists=("scores",),
        machine=False,
        settings_beside="comparison",
    ),
    "table": Command(
        "fill one of the paper's tables",
        names=("number",),
        paths=("csv", "markdown", "latex"),
        lists=("scores",),
        machine=False,
        settings_beside="csv",
    ),
    "study_table": Command(
        "write the user study's table",
        paths=("tally", "csv", "markdown", "latex"),
        machine=False,
        settings_beside="csv",
    ),
    "subspaces": Command(
        "compare the attention's query, key and value matrices",
        paths=("table", "figure", "unfinished"),
        settings_beside="table",
    ),
    "learned": Command(
        "tell how large and of how many directions a method's changes are",
        names=("relation", "method"),
        paths=("adapters", "adapters_manifest", "table", "figure"),
        machine=False,
        settings_beside="table",
    ),
    "attention": Command(
        "show where a relation's words look, before and after a method",
        names=("relation", "method"),
        paths=("latents", "captions", "adapters", "adapters_manifest", "table", "figure", "video"),
        settings_beside="table",
    ),
    "strength": Command(
        "draw a video with what a method learned, applied more and more strongly",
        names=("relation", "method"),
        paths=("prompts", "adapters", "adapters_manifest", "figure", "video"),
        settings_beside="video",
    ),
    "feature_maps": Command(
        "draw query, key and value of the base model's own videos as maps",
        paths=("figure",),
        settings_beside="figure",
    ),
    "report": Command(
        "write the HTML report",
        paths=("results", "report", "scores_table"),
        counts=("threads",),
        machine=False,
        settings_beside="scores_table",
    ),
}
"""Stage → how it is called."""


def build_parser() -> argparse.ArgumentParser:
    """The parser of all subcommands."""
    parser = argparse.ArgumentParser(prog="dreamrelation", description="Relation video customization, stage by stage.")
    stages = parser.add_subparsers(dest="stage", required=True)
    for stage, command in COMMANDS.items():
        own = stages.add_parser(stage, help=command.about, description=command.about)
        source = own.add_mutually_exclusive_group(required=True)
        source.add_argument("--config", nargs="+", type=Path, help="YAML files, laid over each other")
        source.add_argument("--settings", help="the stage's own settings as JSON, as the workflow gives them")
        if command.machine:
            own.add_argument("--machine", help="settings of the machine as JSON, beside --settings")
        for name in command.names:
            own.add_argument(_flag(name), required=True)
        for name in command.paths:
            own.add_argument(_flag(name), required=name not in command.optional, type=Path)
        for name in command.lists:
            own.add_argument(_flag(name), nargs="*", default=[], type=Path)
        for name in command.numbers:
            own.add_argument(_flag(name), type=float)
        for name in command.counts:
            own.add_argument(_flag(name), type=int)
    models = stages.add_parser("puppet-models", help="train the models that come with the theatre (hours)")
    models.add_argument("--output", required=True, type=Path)
    models.add_argument("--work", required=True, type=Path, help="folder for states of unfinished trainings")
    models.add_argument("--only", nargs="+", default=[], metavar="PART", help="some of them; default: all")
    plan = stages.add_parser("plan", help="what an experiment will cost: memory, time, disk, and the mode to train in")
    plan.add_argument("--config", nargs="+", type=Path, required=True, help="YAML files, laid over each other")
    plan.add_argument("--card", help="such as h100 or rtx-4090; default: the one that is here, measured")
    plan.add_argument("--vram", type=float, help="GiB of the card, in the place of its own")
    plan.add_argument("--rate", type=float, help="10^12 operations a second in bfloat16, in the place of its own")
    plan.add_argument("--share", type=float, default=0.6, help="of that rate which is reached; default: %(default)s")
    listing = stages.add_parser("reference-list", help="choose videos of a folder as a reference set for metrics")
    listing.add_argument("folder", type=Path, help="searched with all folders in it")
    listing.add_argument("--count", type=int, required=True, help="how many")
    listing.add_argument("--seed", type=int, default=0, help="of the choice; default: %(default)s")
    listing.add_argument("--frames", type=int, default=16, help="shorter ones are passed over; default: %(default)s")
    listing.add_argument("--output", type=Path, required=True, help="CSV file")
    play = stages.add_parser("play", help="a local page on which one asks for videos of a relation that was learned")
    play.add_argument("--relation", required=True)
    play.add_argument(
        "--config", nargs="+", type=Path, default=[Path("config.yaml")], help="YAML files, laid over each other"
    )
    play.add_argument("--results", type=Path, default=Path("results"), help="default: %(default)s")
    play.add_argument("--host", default="127.0.0.1", help="address to listen on; default: %(default)s")
    play.add_argument("--port", type=int, default=8765, help="0: a free one; default: %(default)s")
    play.add_argument("--name", nargs="+", default=[], help="other host names under which the page is asked for")
    check = stages.add_parser("check-adapter", help="what an adapter file does in plain diffusers")
    check.add_argument("file", type=Path)
    check.add_argument("--model", required=True, help="hub id, or a local folder in diffusers' layout")
    check.add_argument("--prompt", default="A dog is shaking hands with a cat.")
    for name, value, about in (
        ("height", 256, "pixels"),
        ("width", 256, "pixels"),
        ("frames", 25, "as the model takes them"),
        ("steps", 4, "of sampling"),
    ):
        check.add_argument(f"--{name}", type=int, default=value, help=f"{about}; default: {value}")
    check.add_argument("--precision", choices=["float32", "bfloat16"], default="bfloat16")
    check.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    add_study(stages.add_parser("study", help="the blind user study: build, serve, tally"))
    return parser


def call(options: argparse.Namespace, given: list[str]) -> None:
    """Run the stage that was asked for by the arguments `given`, which are parsed.

    Raises UserError for settings or arguments that cannot be used, SystemExit where other processes did the work.
    """
    if options.stage == "puppet-models":
        import_module("dreamrelation.stages.puppet_models").run(
            output=options.output, work=options.work, only=options.only
        )
        return
    if options.stage in ("plan", "check-adapter", "reference-list", "play"):
        arguments = {name: value for name, value in vars(options).items() if name != "stage"}
        import_module(f"dreamrelation.stages.{options.stage.replace('-', '_')}").run(**arguments)
        return
    if options.stage == "study":
        call_study(options)
        return
    command = COMMANDS[options.stage]
    flags = (*command.names, *command.paths, *command.lists, *command.numbers, *command.counts)
    arguments = {name: getattr(options, name) for name in flags}
    settings, machine = _settings(options)
    if command.machine:
        arguments["machine"] = machine
        shared = {"train": machine.training_processes, "generate": machine.generation_processes}
        processes = shared.get(options.stage, 1)
        if machine.device != "cpu":
            take_cards(processes)
        if processes > 1 and "RANK" not in os.environ:
            raise SystemExit(import_module("dreamrelation.stages.together").run(given, processes))
    import_module(f"dreamrelation.stages.{options.stage}").run(settings=settings, **arguments)
    if command.settings_beside is not None:
        output: Path = arguments[command.settings_beside]
        write_settings(settings, output.with_name(f"{output.stem}.settings.yaml"))


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _settings(options: argparse.Namespace) -> tuple[BaseModel, MachineSettings]:
    if options.settings is not None:
        machine = getattr(options, "machine", None) or "{}"
        given = _read(STAGES[options.stage], options.settings, "--settings")
        if isinstance(given, RelationStage) and given.relation.slug != options.relation:
            raise UserError(f"--relation is {options.relation}, but --settings are of {given.relation.slug}")
        return given, _read(MachineSettings, machine, "--machine")
    experiment = load(options.config)
    if getattr(options, "relation", None) is not None:
        experiment.check_relation(options.relation)
    chosen = Chosen(*(getattr(options, name, None) for name in ("method", "metric", "relation")))
    return STAGES[options.stage].of(experiment, chosen), experiment.machine


def _read(model: type[Any], text: str, flag: str) -> Any:
    try:
        return model.model_validate(json.loads(text))
    except (ValidationError, ValueError) as error:
        raise UserError(f"{flag}: cannot be used: {error}") from None
