"""The command line of the stages; nothing heavy is imported before a stage runs.

Settings come from configuration files (`--config`), or as the very slice that the workflow planned a job with
(`--settings` and `--machine`), so that no later edit of a file changes what a job does.
"""

import argparse
import json
import os
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from dreamrelation.config import load
from dreamrelation.errors import UserError
from dreamrelation.own_cards import take_cards
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.stage_registry import STAGES
from dreamrelation.settings.stages import Chosen, RelationStage
from dreamrelation.stages.command_list import COMMANDS
from dreamrelation.stages.record import check_inputs, recorded
from dreamrelation.stages.tools import TOOLS, call_tool


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
    # Of several processes of a job the first speaks for all.
    speaks = os.environ.get("RANK", "0") == "0"
    if speaks:
        read_by_name = [path for name in command.lists for path in arguments[name]]
        check_inputs([*(arguments[name] for name in command.inputs), *read_by_name])
    record = nullcontext()
    if speaks and command.record_beside is not None:
        outputs = [arguments[name] for name in command.outputs]
        record = recorded(settings, arguments[command.record_beside], outputs)
    stage = import_module(f"dreamrelation.stages.{options.stage}")
    with record:
        stage.run(settings=settings, **arguments)


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
