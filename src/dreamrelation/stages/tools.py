"""What people call by hand beside the stages: each tool's arguments, and the module that runs it."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from dreamrelation.stages.study_commands import add_study
from dreamrelation.web.addresses import LOOPBACK


@dataclass(frozen=True)
class Tool:
    """One of them."""

    about: str
    add: Callable[[argparse.ArgumentParser], None]
    """Gives a parser the tool's arguments, which are those of `run` in the tool's module."""


def _add_puppet_models(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--output", required=True, type=Path)
    parser.add_argument("--work", required=True, type=Path, help="folder for states of unfinished trainings")
    parser.add_argument("--only", nargs="+", default=[], metavar="PART", help="some of them; default: all")


def _add_plan(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", nargs="+", type=Path, required=True, help="YAML files, laid over each other")
    parser.add_argument("--card", help="such as h100 or rtx-4090; default: the one that is here, measured")
    parser.add_argument("--vram", type=float, help="GiB of the card, in the place of its own")
    parser.add_argument("--rate", type=float, help="10^12 operations a second in bfloat16, in the place of its own")
    parser.add_argument("--share", type=float, help="of that rate which is reached; default: what an H200 did")


def _add_reference_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="searched with all folders in it")
    parser.add_argument("--count", type=int, required=True, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="of the choice; default: %(default)s")
    parser.add_argument("--frames", type=int, default=16, help="shorter ones are passed over; default: %(default)s")
    parser.add_argument("--output", type=Path, required=True, help="CSV file")


def _add_check_adapter(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path)
    parser.add_argument("--model", required=True, help="hub id, or a local folder in diffusers' layout")
    parser.add_argument("--prompt", default="A dog is shaking hands with a cat.")
    for name, value, about in (
        ("height", 256, "pixels"),
        ("width", 256, "pixels"),
        ("frames", 25, "as the model takes them"),
        ("steps", 4, "of sampling"),
    ):
        parser.add_argument(f"--{name}", type=int, default=value, help=f"{about}; default: {value}")
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="bfloat16")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")


def _add_play(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--relation", required=True)
    parser.add_argument("--config", nargs="+", type=Path, default=[Path("config.yaml")], help="laid over each other")
    parser.add_argument("--results", type=Path, default=Path("results"), help="default: %(default)s")
    parser.add_argument("--host", default=LOOPBACK, help="address to listen on; default: %(default)s")
    parser.add_argument("--port", type=int, default=8765, help="0: a free one; default: %(default)s")
    parser.add_argument("--name", nargs="+", default=[], help="other host names under which the page is asked for")


TOOLS = {
    "puppet-models": Tool("train the models that come with the theatre (hours)", _add_puppet_models),
    "plan": Tool("what an experiment will cost: memory, time, disk, and the mode to train in", _add_plan),
    "reference-list": Tool("choose videos of a folder as a reference set for metrics", _add_reference_list),
    "check-adapter": Tool("what an adapter file does in plain diffusers", _add_check_adapter),
    "play": Tool("a local page on which one asks for videos of a relation that was learned", _add_play),
    "study": Tool("the blind user study: build, serve, tally", add_study),
}
"""Name → tool."""


def call_tool(options: argparse.Namespace) -> None:
    """Run the tool that was asked for."""
    arguments: dict[str, Any] = {name: value for name, value in vars(options).items() if name != "stage"}
    name = options.stage if options.stage != "study" else f"study_{arguments.pop('command')}"
    import_module(f"dreamrelation.stages.{name.replace('-', '_')}").run(**arguments)
