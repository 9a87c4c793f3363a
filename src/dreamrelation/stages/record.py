"""What a stage leaves beside its outputs: the settings that it was given, and the list of what it wrote."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel

from dreamrelation.config import write_settings
from dreamrelation.files import remove
from dreamrelation.listings import check_listed, listing_of, write_listing


def check_inputs(paths: Iterable[Path | None]) -> None:
    """Raise UserError where a file that another stage wrote holds other bytes now."""
    for path in paths:
        if path is not None:
            check_listed(path)


@contextmanager
def recorded(settings: BaseModel, beside: Path, outputs: Iterable[Path]) -> Iterator[None]:
    """Write settings and list beside an output of the stage that runs in the block, when it has ended well.

    Where it does not end well, or they cannot be written, those outputs do not stay that it wrote. Raises UserError
    where they cannot be written.
    """
    outputs = list(outputs)
    before = {output: _state(output) for output in outputs}
    written = beside.with_name(f"{beside.stem}.settings.yaml")
    try:
        yield
        write_settings(settings, written)
        write_listing(listing_of(beside), [*outputs, written])
    except BaseException:
        for output in outputs:
            if _state(output) != before[output]:
                remove(output)
        raise


def _state(path: Path) -> tuple[int, int] | None:
    """What is another one after a file or a folder was replaced; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns
