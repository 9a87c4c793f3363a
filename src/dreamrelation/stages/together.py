"""One command in several processes that work together, started by torch's own launcher."""

from torch.distributed import run as launcher
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError


def run(arguments: list[str], count: int) -> int:
    """Run the command line `arguments` in `count` processes of this machine; returns the exit status of the first that
    ends badly, or 0.
    """
    options = ["--standalone", "--nproc-per-node", str(count), "-m", "dreamrelation.cli", *arguments]
    try:
        launcher.main(options)
    except ChildFailedError as error:
        _, failure = error.get_first_failure()
        return failure.exitcode if failure.exitcode > 0 else 128 - failure.exitcode
    except SignalException as error:
        return 128 + error.sigval
    return 0
