"""`dreamrelation study …`: what each of its commands is called with."""

import argparse
from pathlib import Path

from dreamrelation.web.addresses import LOOPBACK


def add_study(parser: argparse.ArgumentParser) -> None:
    """Give the parser its subcommands."""
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="make the groups of videos and the invitations")
    build.add_argument("--config", nargs="+", type=Path, default=[Path("config.yaml")], help="laid over each other")
    build.add_argument("--results", type=Path, default=Path("results"), help="default: %(default)s")
    build.add_argument("--study", type=Path, help="the study's folder; default: RESULTS/EXPERIMENT/study")
    serve = commands.add_parser("serve", help="show the groups to raters and keep their votes")
    _study_folder(serve)
    serve.add_argument("--host", default=LOOPBACK, help="address of this machine to listen on; default: %(default)s")
    serve.add_argument("--port", type=int, default=8000, help="0: any free one; default: %(default)s")
    serve.add_argument("--public-address", help="where raters reach it, such as https://study.example.org")
    invite = commands.add_parser("invite", help="add raters to the list of invitations")
    _study_folder(invite)
    invite.add_argument("--raters", type=int, required=True, help="how many more")
    tally = commands.add_parser("tally", help="sum the votes up")
    _study_folder(tally)
    tally.add_argument("--results", type=Path, help="RESULTS/EXPERIMENT with the scores; default: where the study is")
    data = commands.add_parser("rater", help="write or delete what is kept of one rater")
    _study_folder(data)
    data.add_argument("rater", type=int, help="number of the rater")
    what = data.add_mutually_exclusive_group(required=True)
    what.add_argument("--export", type=Path, metavar="FILE", help="write it as JSON")
    what.add_argument("--delete", action="store_true", help="delete it for good")


def _study_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", type=Path, help="the study's folder")
