"""Which clips there are: videos and skeletons, paired by name."""

import os
import warnings
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dreamrelation.data.file_names import as_text, is_text
from dreamrelation.data.ntu.names import PATTERN, ClipName, parse_name
from dreamrelation.errors import UserError
from dreamrelation.settings.data import DataSettings


@dataclass(frozen=True)
class Found:
    """A video and its skeletons; or one without the other, or a file that is none of NTU RGB+D's."""

    clip: str
    """SsssCcccPpppRrrrAaaa, or the file's own stem, as text, where it is not such a name."""
    name: ClipName | None
    video: Path | None
    skeleton: Path | None
    duplicate: bool = False
    """Another file of this name was found before this one, and stands for the clip."""

    @property
    def files(self) -> tuple[Path, ...]:
        """The video and the skeleton file, as far as they are there."""
        return tuple(path for path in (self.video, self.skeleton) if path is not None)


def find_clips(data: DataSettings) -> list[Found]:
    """Every video under `data.videos` once, and every skeleton file without a video, ordered by clip and path.

    Raises UserError where a folder is not there or holds no video.
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
        raise UserError(f"{data.videos} (data.videos): found no .avi file")
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
    """Clips that the publishers list as without a usable skeleton.

    Raises UserError where a list is not there or names no clip.
    """
    clips: set[str] = set()
    for path in map(Path, lists):
        if not path.is_file():
            raise UserError(
                f"{path}: no such list of missing skeletons; put it there or take it out of data.missing_skeletons"
            )
        # Bytes that are no UTF-8 cannot be a part of a name, and so do not matter.
        text = path.read_text(encoding="utf-8", errors="replace")
        named = {parse_name(match.group()).stem for match in PATTERN.finditer(text)}
        if not named:
            raise UserError(f"{path}: found no name of a clip, expected lines such as S001C002P005R002A058")
        clips |= named
    return frozenset(clips)


def _identify(path: Path) -> tuple[str, ClipName | None]:
    try:
        name = parse_name(path.name)
    except ValueError:
        return as_text(path.stem), None
    return name.stem, name


def _files(folder: Path, suffix: str, setting: str) -> list[Path]:
    """Files with this suffix in any case, in `folder` and all folders below, linked ones too.

    Sorted, but those whose paths are no text come last: they cannot be used, and must not stand for a clip that can.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} ({setting}): no such folder")
    found = [path for path in _files_below(folder) if path.name.lower().endswith(suffix)]
    return sorted(found, key=lambda path: (not is_text(str(path)), path))


def _files_below(top: Path) -> Iterator[Path]:
    """All files in a folder and the folders below.

    Links to folders are followed, but each real folder is looked into once: a link may lead back to where it lies in.
    What links lead to comes last, so that a folder has its own path wherever it has one.
    """
    seen: set[tuple[int, int]] = set()
    waiting = deque([top])
    while waiting:
        for place, folders, names in os.walk(waiting.popleft(), onerror=_tell):
            status = Path(place).stat()
            if (status.st_dev, status.st_ino) in seen:
                folders.clear()
                continue
            seen.add((status.st_dev, status.st_ino))
            folders.sort()
            waiting += [path for path in (Path(place, name) for name in folders) if path.is_symlink()]
            yield from (Path(place, name) for name in names)


def _tell(error: OSError) -> None:
    """Other folders' clips can still be used."""
    warnings.warn(f"{as_text(str(error.filename))}: left out, cannot be read: {error.strerror}", stacklevel=2)
