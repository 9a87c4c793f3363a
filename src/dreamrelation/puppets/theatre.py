"""The theatre plays a data set: films, skeletons, captions and true masks, in NTU RGB+D's own files."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as run_lengths
from tqdm import tqdm

from dreamrelation import tables
from dreamrelation.files import appearing
from dreamrelation.puppets.ntu_writer import Lens, write_avi, write_skeleton
from dreamrelation.puppets.programme import Part, caption, film_times, part_rng, programme, stage_scene
from dreamrelation.puppets.render import render
from dreamrelation.puppets.sensor import sense
from dreamrelation.settings.experiment import ExperimentSettings

VIDEOS, SKELETONS = "nturgb+d_rgb", "nturgb+d_skeletons"
KEPT_SHARE = 0.55
"""How much of its bytes a truncated film keeps."""


@dataclass
class Ledger:
    """What is written about all clips together."""

    captions: list[tuple[str, str]] = field(default_factory=list)
    flaws: list[tuple[str, str]] = field(default_factory=list)
    masks: list[dict[str, Any]] = field(default_factory=list)


def run(settings: ExperimentSettings) -> None:
    """Play `settings.relations` into `settings.puppets.folder`, which is replaced as a whole when all is done.

    It then holds `nturgb+d_rgb/*.avi`, `nturgb+d_skeletons/*.skeleton`, `captions.tsv` and `bad_clips.tsv` (clip and
    flaw) and, of the good clips, `true_masks.parquet`. Raises ValueError where there are no puppets in the settings or
    they cannot play a relation.
    """
    if settings.puppets is None:
        raise ValueError("puppets is not set, expected the settings of the data set to play")
    parts = [part for slug in settings.relations for part in programme(slug, settings.puppets.good_clips)]
    ledger = Ledger()
    with appearing(Path(settings.puppets.folder)) as folder:
        for name in (VIDEOS, SKELETONS):
            (folder / name).mkdir(parents=True)
        for part in tqdm(parts, "puppets", disable=None, file=sys.stderr):
            _play(part, settings, folder, ledger)
        _write_table(folder / "captions.tsv", ("clip", "caption"), ledger.captions)
        _write_table(folder / "bad_clips.tsv", ("clip", "flaw"), ledger.flaws)
        tables.write(folder / "true_masks.parquet", tables.TRUE_MASKS, ledger.masks)


def _play(part: Part, settings: ExperimentSettings, folder: Path, ledger: Ledger) -> None:
    """Film one clip and write its files."""
    assert settings.puppets is not None  # by run
    rng = part_rng(part, settings.seed)
    scene = stage_scene(part, settings.puppets, rng)
    take = render(scene, film_times(part, rng))
    bodies = sense(scene, take, part.oddity, part.flaw, rng)
    film = folder / VIDEOS / f"{part.clip}_rgb.avi"
    write_avi(film, take.frames)
    if part.flaw == "truncated_video":
        content = film.read_bytes()
        film.write_bytes(content[: int(KEPT_SHARE * len(content))])
    if part.flaw != "missing_skeleton":
        lens = Lens((scene.camera.width, scene.camera.height), scene.camera.body)
        write_skeleton(folder / SKELETONS / f"{part.clip}.skeleton", bodies, lens)
    ledger.captions.append((part.clip, caption(part, scene)))
    if part.flaw is not None:
        ledger.flaws.append((part.clip, part.flaw))
    else:
        ledger.masks.extend(_mask_rows(part.clip, take.masks))


def _mask_rows(clip: str, masks: np.ndarray) -> Iterator[dict[str, Any]]:
    """Rows of `tables.TRUE_MASKS` of masks (F, 2, H, W) bool; body 0 is the actor, who comes first in the skeletons."""
    for frame, body in np.ndindex(*masks.shape[:2]):
        code = run_lengths.encode(np.asfortranarray(masks[frame, body].astype(np.uint8)))
        height, width = (int(side) for side in code["size"])
        counts: Any = code["counts"]
        yield {"clip": clip, "frame": frame, "body": body, "height": height, "width": width, "counts": counts}


def _write_table(path: Path, header: tuple[str, str], rows: list[tuple[str, str]]) -> None:
    path.write_text("".join("\t".join(row) + "\n" for row in (header, *rows)), encoding="utf-8")
