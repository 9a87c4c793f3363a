"""Which clips there are: videos and skeletons, paired by name."""

import os
from dataclasses import dataclass
from pathlib import Path

from dreamrelation.clips.names import PATTERN, ClipName, parse_name
from dreamrelation.settings.clips import DataSettings


@dataclass(frozen=True)
class Found:
    """A video and its skeletons; or one without the other, or a file that is none of NTU RGB+D's."""

    clip: str
    """SsssCcccPpppRrrrAaaa, or the file's own stem where it is not such a name."""
    name: ClipName | None
    video: Path | None
    skeleton: Path | None
    duplicate: bool = False
    """Another file of this name was found before this one, and stands for the clip."""


def find_clips(data: DataSettings) -> list[Found]:
    """Every video under `data.videos` once, and every skeleton file without a video, ordered by clip and path.

    Raises FileNotFoundError where a folder is not there or holds no video.
    """
    skeletons: dict[str, Path] = {}
    alone: list[Found] = []
    for path in _files(Path(data.skeletons), ".skeleton", "data.skeletons"):
        clip, name = _identify(path)
        if clip in skeletons or name is None:
            alone.append(Found(clip, name, None, path, duplicate=clip in skeletons))
        else:
            skeletons[clip] = path
    videos = _files(Path(data.videos), ".avi", "data.videos")
    if not videos:
        raise FileNotFoundError(f"{data.videos} (data.videos): found no .avi file")
    paired: dict[str, Found] = {}
    for path in videos:
        clip, name = _identify(path)
        if clip in paired:
            alone.append(Found(clip, name, path, None, duplicate=True))
        else:
            paired[clip] = Found(clip, name, path, skeletons.pop(clip, None))
    alone += [Found(clip, parse_name(clip), None, path) for clip, path in skeletons.items()]
    return sorted([*paired.values(), *alone], key=lambda found: (found.clip, found.duplicate, str(found.video)))


def listed_clips(lists: tuple[str, ...]) -> frozenset[str]:
    """Clips that the publishers list as without a usable skeleton. Raises FileNotFoundError, or ValueError where a
    list names no clip."""
    clips: set[str] = set()
    for path in map(Path, lists):
        if not path.is_file():
            raise FileNotFoundError(
                f"{path}: no such list of missing skeletons; put it there or take it out of data.missing_skeletons"
            )
        named = {parse_name(match.group()).stem for match in PATTERN.finditer(path.read_text(encoding="utf-8"))}
        if not named:
            raise ValueError(f"{path}: found no name of a clip, expected lines such as S001C002P005R002A058")
        clips |= named
    return frozenset(clips)


def _identify(path: Path) -> tuple[str, ClipName | None]:
    try:
        name = parse_name(path.name)
    except ValueError:
        return path.stem, None
    return name.stem, name


def _files(folder: Path, suffix: str, setting: str) -> list[Path]:
    """Files with this suffix in any case, in `folder` and all folders below, linked ones too; sorted."""
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} ({setting}): no such folder")
    return sorted(
        Path(place) / name
        for place, _, names in os.walk(folder, followlinks=True)
        for name in names
        if name.lower().endswith(suffix)
    )
