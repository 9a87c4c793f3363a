"""Dry runs in processes that have Snakemake loaded already, which is most of what a dry run takes.

They have the repository's package, not the copy in the checkout: for plans of a checkout in which no code was edited.
"""

import multiprocessing
import os
import sys
import tempfile
from pathlib import Path

from tests.workflow.checkout import Answer, Checkout

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["snakemake.cli", "dreamrelation.config", "dreamrelation.planning"])
LONGEST_S = 600


def plan(checkout: Checkout, *arguments: str) -> Answer:
    """What `checkout.plan` answers."""
    with tempfile.TemporaryDirectory() as folder:
        told = [Path(folder) / name for name in ("output", "messages")]
        process = _PROCESSES.Process(target=_run, args=(checkout.folder, ("--dry-run", *arguments), *told))
        process.start()
        process.join(LONGEST_S)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"no plan of {arguments} in {LONGEST_S} s")
        return Answer(process.exitcode, *(path.read_text(encoding="utf-8") for path in told))


def _run(folder: Path, arguments: tuple[str, ...], output: Path, messages: Path) -> None:
    from snakemake.cli import main  # the process that starts others has it, and the tests' own need not

    for path, descriptor in ((output, 1), (messages, 2)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), descriptor)
    os.chdir(folder)
    sys.argv = ["snakemake", *arguments]
    main(list(arguments))
