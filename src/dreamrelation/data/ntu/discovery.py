"""Which clips there are: videos and skeletons, paired by name."""

from pathlib import Path

from dreamrelation.data.file_names import as_text
from dreamrelation.data.files_below import files_below
from dreamrelation.data.found import Found
from dreamrelation.data.ntu.names import PATTERN, ClipName, parse_name
from dreamrelation.data.refusal import Refusal
from dreamrelation.errors import UserError
from dreamrelation.relations import BY_ACTION
from dreamrelation.settings.data import NtuData


def find_clips(data: NtuData) -> list[Found]:
    """Every video under `data.videos` once, and every skeleton file without a video, ordered by clip and path.

    Raises UserError where a folder is not there or holds no video.
    """
    skeletons: dict[str, Path] = {}
    alone: list[Found] = []
    for path in files_below(Path(data.skeletons), ".skeleton", "data.skeletons"):
        clip, name = _identify(path)
        if clip in skeletons or name is None:
            alone.append(_found(clip, name, None, path, duplicate=clip in skeletons))
        else:
            skeletons[clip] = path
    videos = files_below(Path(data.videos), ".avi", "data.videos")
    if not videos:
        raise UserError(f"{data.videos} (data.videos): found no .avi file")
    paired: dict[str, Found] = {}
    for path in videos:
        clip, name = _identify(path)
        if clip in paired:
            alone.append(_found(clip, name, path, None, duplicate=True))
        else:
            paired[clip] = _found(clip, name, path, skeletons.pop(clip, None))
    alone += [_found(clip, parse_name(clip), None, path) for clip, path in skeletons.items()]
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


def check_name(found: Found, listed: frozenset[str]) -> None:
    """Raise Refusal where the name or the missing of a file tells that the clip cannot be used."""
    if found.name is None:
        raise Refusal(f"unknown name: found {found.clip!r}, expected SsssCcccPpppRrrrAaaa")
    if found.relation is None:
        raise Refusal(f"not asked for: A{found.name.action:03d} is no action of two people")
    if found.duplicate:
        raise Refusal("duplicate: another file of this name was found")
    if found.video is None:
        raise Refusal("missing video: found only the skeleton file")
    if found.clip in listed:
        raise Refusal("listed: the publishers list its skeleton as missing")
    if found.skeleton is None:
        raise Refusal("missing skeleton: found no .skeleton file")


def _found(
    clip: str, name: ClipName | None, video: Path | None, skeleton: Path | None, duplicate: bool = False
) -> Found:
    relation = None if name is None else BY_ACTION.get(name.action)
    return Found(clip, relation.slug if relation else None, name, video, skeleton, duplicate)


def _identify(path: Path) -> tuple[str, ClipName | None]:
    try:
        name = parse_name(path.name)
    except ValueError:
        return as_text(path.stem), None
    return name.stem, name
