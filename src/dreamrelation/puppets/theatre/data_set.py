"""A data set of puppets: videos, skeletons, captions and true masks, in NTU RGB+D's own files or as plain videos."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as run_lengths

from dreamrelation.files import file_sha256
from dreamrelation.puppets.theatre.ntu_writer import Lens, write_avi, write_skeleton
from dreamrelation.puppets.theatre.plain_writer import CLIPS, write_descriptions, write_mp4
from dreamrelation.puppets.theatre.programme import Part, caption, frame_times, part_rng, stage_scene
from dreamrelation.puppets.theatre.render import Scene, Take, render
from dreamrelation.puppets.theatre.sensor import sense
from dreamrelation.settings.puppets import BAD_CLIPS, CAPTIONS, MANIFEST, TRUE_MASKS, PuppetSettings
from dreamrelation.tables import rows
from dreamrelation.tables.rows import TrueMask

VIDEOS, SKELETONS = "nturgb+d_rgb", "nturgb+d_skeletons"
KEPT_SHARE = 0.55
"""How much of its bytes a truncated video keeps."""


@dataclass
class Ledger:
    """What is written about all clips together."""

    captions: list[tuple[str, str]] = field(default_factory=list)
    flaws: list[tuple[str, str]] = field(default_factory=list)
    masks: list[TrueMask] = field(default_factory=list)


def write_data_set(folder: Path, parts: Iterable[Part], settings: PuppetSettings, seed: int) -> None:
    """Play `parts` into an empty folder, as NTU RGB+D has them.

    It then holds `nturgb+d_rgb/*.avi`, `nturgb+d_skeletons/*.skeleton`, `captions.tsv`, `bad_clips.tsv` (clip and
    flaw), `true_masks.parquet` of the good clips, and `manifest.json`: the path of each of these → its SHA-256.
    """
    for name in (VIDEOS, SKELETONS):
        (folder / name).mkdir(parents=True)
    ledger = Ledger()
    for part in parts:
        played = _play(part, settings, seed, ledger)
        video = folder / VIDEOS / f"{part.clip}_rgb.avi"
        write_avi(video, played.take.frames)
        _spoil(video, part)
        if part.flaw != "missing_skeleton":
            camera = played.scene.camera
            bodies = sense(played.scene, played.take, part.oddity, part.flaw, played.rng)
            write_skeleton(
                folder / SKELETONS / f"{part.clip}.skeleton", bodies, Lens((camera.width, camera.height), camera.body)
            )
    _write_ledger(folder, ledger)


def write_plain_clips(folder: Path, parts: Iterable[Part], settings: PuppetSettings, seed: int) -> None:
    """Play `parts` into an empty folder, as somebody has them who films.

    It then holds `clips/RELATION/*.mp4` and `clips/RELATION/relation.yaml`, and beside `clips/` the tables that
    `write_data_set` writes.
    """
    ledger, relations = Ledger(), []
    for part in parts:
        video = folder / CLIPS / part.relation.slug / part.clip.removeprefix(f"{part.relation.slug}-")
        write_mp4(video, _play(part, settings, seed, ledger).take.frames)
        _spoil(video, part)
        relations.append(part.relation)
    write_descriptions(folder, relations)
    _write_ledger(folder, ledger)


def _write_ledger(folder: Path, ledger: Ledger) -> None:
    _write_table(folder / CAPTIONS, ("clip", "caption"), ledger.captions)
    _write_table(folder / BAD_CLIPS, ("clip", "flaw"), ledger.flaws)
    rows.TRUE_MASKS.write(folder / TRUE_MASKS, ledger.masks)
    _write_manifest(folder)


@dataclass(frozen=True)
class Played:
    """One clip, before it is written."""

    scene: Scene
    take: Take
    rng: np.random.Generator


def _play(part: Part, settings: PuppetSettings, seed: int, ledger: Ledger) -> Played:
    """Render one clip, and note what is told of it."""
    rng = part_rng(part, seed)
    scene = stage_scene(part, settings, rng)
    take = render(scene, frame_times(part, rng))
    ledger.captions.append((part.clip, caption(part, scene)))
    if part.flaw is not None:
        ledger.flaws.append((part.clip, part.flaw))
    else:
        ledger.masks.extend(_true_masks(part.clip, take.masks))
    return Played(scene, take, rng)


def _spoil(video: Path, part: Part) -> None:
    """Cut a video off where that is its flaw."""
    if part.flaw == "truncated_video":
        content = video.read_bytes()
        video.write_bytes(content[: int(KEPT_SHARE * len(content))])


def _true_masks(clip: str, masks: np.ndarray) -> Iterator[TrueMask]:
    """Rows of masks (F, 2, H, W) bool; body 0 is the actor, who comes first in the skeletons."""
    for frame, body in np.ndindex(*masks.shape[:2]):
        code = run_lengths.encode(np.asfortranarray(masks[frame, body].astype(np.uint8)))
        height, width = (int(side) for side in code["size"])
        counts: Any = code["counts"]  # bytes, whatever pycocotools' types say
        yield TrueMask(clip=clip, frame=frame, body=body, height=height, width=width, counts=counts)


def _write_table(path: Path, header: tuple[str, str], lines: list[tuple[str, str]]) -> None:
    path.write_text("".join("\t".join(line) + "\n" for line in (header, *lines)), encoding="utf-8")


def _write_manifest(folder: Path) -> None:
    """One file that changes whenever any of the others does, so that a workflow need watch no other."""
    digests = {path.relative_to(folder).as_posix(): file_sha256(path) for path in folder.rglob("*") if path.is_file()}
    (folder / MANIFEST).write_text(json.dumps(digests, indent=1, sort_keys=True) + "\n", encoding="utf-8")
