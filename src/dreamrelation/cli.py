"""The command line: `dreamrelation STAGE …`, one subcommand per stage."""

import sys

from dreamrelation.stages.commands import build_parser, call
from dreamrelation.stages.outcome import exit_status, print_exception


def main(arguments: list[str] | None = None) -> int:
    """Run one subcommand; returns the exit status."""
    if arguments is None:
        sys.excepthook = print_exception
    given = sys.argv[1:] if arguments is None else arguments
    options = build_parser().parse_args(given)
    return exit_status(options.stage, lambda: call(options, given))


if __name__ == "__main__":
    sys.exit(main())
