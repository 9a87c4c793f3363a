"""NTU RGB+D file names."""

import re
from dataclasses import dataclass
from pathlib import PurePath

PATTERN = re.compile(r"S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})(?:_rgb)?", re.IGNORECASE)


@dataclass(frozen=True, order=True)
class ClipName:
    """What a name SsssCcccPpppRrrrAaaa says."""

    setup: int
    camera: int
    performer: int
    repeat: int
    action: int
    """The label, of three digits: NTU RGB+D 120 goes on to A120."""

    @property
    def stem(self) -> str:
        return f"S{self.setup:03d}C{self.camera:03d}P{self.performer:03d}R{self.repeat:03d}A{self.action:03d}"

    @property
    def performance(self) -> tuple[int, int, int]:
        """Setup, performer and repeat: clips that share it show one performance from different cameras."""
        return self.setup, self.performer, self.repeat


def parse_name(name: str) -> ClipName:
    """What a file name says, with or without folder, suffix and the `_rgb` of videos.

    Raises ValueError where it is not an NTU RGB+D name.
    """
    stem = PurePath(name).name.split(".")[0]
    match = PATTERN.fullmatch(stem)
    if match is None:
        raise ValueError(f"found the name {stem!r}, expected SsssCcccPpppRrrrAaaa, such as S001C002P003R001A058")
    return ClipName(*(int(digits) for digits in match.groups()))
