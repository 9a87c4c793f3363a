"""Writing rendered scenes as somebody has clips who films: plain MP4s, in a folder for each relation."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import yaml

from dreamrelation.puppets.theatre.ntu_writer import FRAMES_PER_SECOND
from dreamrelation.relations import Relation
from dreamrelation.settings.own_relations import FILE
from dreamrelation.video import encode

CLIPS = "clips"
"""The folder in which the relations' folders are: `data.folder`."""


def write_mp4(path: Path, frames: np.ndarray) -> None:
    """Write frames (F, H, W, 3) uint8 RGB as an MP4; appears atomically."""
    encode(path, frames, FRAMES_PER_SECOND)


def write_descriptions(folder: Path, relations: Iterable[Relation]) -> None:
    """Write each relation's `relation.yaml`; of one that has an actor it is the one who moves more."""
    for relation in {relation.slug: relation for relation in relations}.values():
        says = {
            "predicate": relation.predicate,
            "caption": relation.caption_of_clips,
            "actor": "left" if relation.actor is None else "moves",
        }
        text = yaml.safe_dump(says, sort_keys=False, allow_unicode=True)
        (folder / CLIPS / relation.slug / FILE).write_text(text, encoding="utf-8")
