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
from dreamrelation.stages.tools import TOOLS, call_tool


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
    for name, tool in TOOLS.items():
        tool.add(stages.add_parser(name, help=tool.about, description=tool.about))
    return parser


def call(options: argparse.Namespace, given: list[str]) -> None:
    """Run the stage that was asked for by the arguments `given`, which are parsed.

    Raises UserError for settings or arguments that cannot be used, SystemExit where other processes did the work.
    """
    if options.stage in TOOLS:
        call_tool(options)
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
