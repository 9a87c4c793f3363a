"""Which clips of one's own there are."""

from pathlib import Path

from dreamrelation.data.file_names import as_text
from dreamrelation.data.files_below import files_below
from dreamrelation.data.found import Found
from dreamrelation.data.refusal import Refusal
from dreamrelation.errors import UserError
from dreamrelation.files import fits_workflow
from dreamrelation.settings.data import FolderData
from dreamrelation.settings.own_relations import FILE

LONGEST_NAME = 160
"""In bytes: the report has files by these names, whose unfinished ones have longer names; file systems allow 255."""


def find_clips(data: FolderData) -> list[Found]:
    """Every file in the sub-folders of `data.folder` and in the folders below, but `relation.yaml` and hidden files.

    Whether a file is a video shows when it is looked into. Raises UserError where the folder is not there or holds no
    sub-folder.
    """
    top = Path(data.folder)
    files = files_below(top, "", "data.folder")
    found = []
    for path in files:
        inside = path.relative_to(top)
        if inside.name == FILE or any(part.startswith(".") for part in inside.parts):
            continue
        relation = as_text(inside.parts[0]) if len(inside.parts) > 1 else None
        clip = as_text("-".join(inside.parts))
        found.append(Found(clip, relation, None, path, None, duplicate=any(clip == other.clip for other in found)))
    if not any(one.relation for one in found):
        raise UserError(f"{top} (data.folder): found no sub-folder with a video, expected one for each relation")
    return found


def check_name(found: Found) -> None:
    """Raise Refusal where the place of a file tells that it cannot be used."""
    if found.relation is None:
        raise Refusal("no relation: found a file beside the sub-folders, expected it in that of a relation")
    if not fits_workflow(found.clip):
        raise Refusal(
            f"odd name: found {found.clip!r}, expected no curly brackets and nothing that cannot be seen; rename it"
        )
    length = len(found.clip.encode())
    if length > LONGEST_NAME:
        raise Refusal(f"name too long: found {length} bytes with the folders', expected {LONGEST_NAME} at the most")
    if found.duplicate:
        raise Refusal("duplicate: another file gives the same name")
