"""How a command ends: its exit status, and what people are told."""

import os
import sys
import traceback
from collections.abc import Callable
from types import TracebackType

from dreamrelation.errors import Unfinished, UserError
from dreamrelation.files import is_of_the_disk
from dreamrelation.masking import masked
from dreamrelation.progress import tell

FAILED = 1
UNFINISHED = 75
"""Stopped with its state saved, to go on in the next run; EX_TEMPFAIL of sysexits.h."""
INTERRUPTED = 130
"""After Ctrl-C, 128 + 2."""
OUT_OF_MEMORY = """\
the memory is full: {problem}
  What needs less: machine.gradient_checkpointing (training), machine.stream_weights, model.precision.denoiser float8,
  int8 or nf4, machine.vae_tiling (latents, generation), a smaller machine.*_batch, training.batch_size with
  training.accumulation, fewer pixel_frames, smaller frames."""


def exit_status(stage: str, work: Callable[[], None]) -> int:
    """Do the work of a stage; 0 where it ends well.

    What the user can mend is told in one message, a full memory with what to try after the place where it happened;
    any other exception is ours and goes up with its traceback.
    """
    try:
        work()
    except UserError as error:
        tell(masked(f"dreamrelation {stage}: {error}"))
        return UNFINISHED if isinstance(error, Unfinished) else FAILED
    except KeyboardInterrupt:
        tell(f"dreamrelation {stage}: interrupted")
        return INTERRUPTED
    except OSError as error:
        if not is_of_the_disk(error):
            raise
        named = f"{os.fsdecode(error.filename)}: " if error.filename else ""
        tell(f"dreamrelation {stage}: {named}cannot be read or written: {error.strerror}")
        return FAILED
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        tell(masked(traceback.format_exc()))
        tell(f"dreamrelation {stage}: {OUT_OF_MEMORY.format(problem=error)}")
        return FAILED
    return 0


def print_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """As Python's own `sys.excepthook`, without secrets: what a server answered may repeat the key that it was sent."""
    print(masked("".join(traceback.format_exception(kind, error, trace))), end="", file=sys.stderr)


def is_out_of_memory(error: BaseException) -> bool:
    """Python's own error, and torch's for a graphics card, which is known by name so that torch need not be loaded."""
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
