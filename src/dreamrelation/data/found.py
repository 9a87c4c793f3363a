"""A clip that was found: its files, what it shows, and whether its name alone tells that it cannot be used."""

from dataclasses import dataclass
from pathlib import Path

from dreamrelation.data.ntu.names import ClipName


@dataclass(frozen=True)
class Found:
    """A video, with its skeletons where the data have some; or a file that is neither."""

    clip: str
    """A name of its own, as text; of NTU RGB+D SsssCcccPpppRrrrAaaa."""
    relation: str | None
    """What its name or its folder says that it shows; None: none that is known."""
    name: ClipName | None
    """What an NTU RGB+D name says."""
    video: Path | None
    skeleton: Path | None
    duplicate: bool = False
    """Another file of this name was found before this one, and stands for the clip."""

    @property
    def files(self) -> tuple[Path, ...]:
        """The video and the skeleton file, as far as they are there."""
        return tuple(path for path in (self.video, self.skeleton) if path is not None)

    @property
    def facets(self) -> tuple[object, ...]:
        """What clips should differ in, the most important first: performance, performer, setup, camera.

        The performance is what two clips share that show the same from two cameras. Clips of one's own say nothing, and
        are each a performance.
        """
        if self.name is None:
            return (self.clip,)
        return self.name.performance, self.name.performer, self.name.setup, self.name.camera
