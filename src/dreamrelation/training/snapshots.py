"""What was learned after some of the steps, kept beside the state until the training is finished.

A training that goes on from a state takes the steps after it again, so each snapshot is there or will be written.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dreamrelation.errors import UserError
from dreamrelation.files import appearing
from dreamrelation.methods.files import check_manifest, write_manifest

FOLDER = "snapshots"
MANIFEST = "adapters.json"
"""In each snapshot's own folder, the list of its files."""


def snapshot_name(step: int) -> str:
    """Name of the folder of what was learned by then."""
    return f"step_{step}"


@dataclass(frozen=True)
class Snapshots:
    """Those of one training."""

    folder: Path
    """Its resume folder."""
    fingerprint: str
    steps: tuple[int, ...]
    save: Callable[[Path], None]
    """Writes what is learned into a folder."""

    @property
    def _own(self) -> Path:
        return self.folder / FOLDER / self.fingerprint

    def take(self, step: int) -> None:
        """Keep what is learned after this step, if it is one of those."""
        if step not in self.steps:
            return
        with appearing(self._own / snapshot_name(step)) as beside:
            beside.mkdir()
            self.save(beside)
            write_manifest(beside / MANIFEST, beside)

    def deliver(self, adapters: Path) -> None:
        """Copy them into the folder of what was learned in the end.

        Raises UserError where one is not there, or holds other bytes than were saved.
        """
        for step in self.steps:
            taken = self._own / snapshot_name(step)
            try:
                check_manifest(taken / MANIFEST, taken)
            except UserError as error:
                raise UserError(
                    f"a snapshot is not as it was saved: {error}: remove {self.folder}, it begins anew"
                ) from None
            shutil.copytree(taken, adapters / taken.name)

    def discard(self) -> None:
        """Remove those of a finished training; what another one left stays."""
        if not self.steps:
            return
        shutil.rmtree(self._own)
        if not any(self._own.parent.iterdir()):
            self._own.parent.rmdir()
