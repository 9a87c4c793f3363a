"""What a stage leaves beside its outputs: the settings that it was given, and the list of what it wrote."""

from collections.abc import Iterable
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


def write_record(settings: BaseModel, beside: Path, outputs: Iterable[Path]) -> None:
    """Write settings and list beside an output of the stage; where that cannot be done, the outputs do not stay.

    Raises UserError then.
    """
    outputs = list(outputs)
    written = beside.with_name(f"{beside.stem}.settings.yaml")
    try:
        write_settings(settings, written)
        write_listing(listing_of(beside), [*outputs, written])
    except BaseException:
        for output in outputs:
            remove(output)
        raise
