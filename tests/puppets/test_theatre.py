"""The data set that the puppets play."""

import hashlib
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from dreamrelation.config import from_mapping
from dreamrelation.data.captions import read_captions
from dreamrelation.data.ntu.names import parse_name
from dreamrelation.data.ntu.skeletons import read_skeleton
from dreamrelation.errors import UserError
from dreamrelation.puppets.theatre.figures import EXEMPLAR_SHIRTS
from dreamrelation.puppets.theatre.folder import MARKER
from dreamrelation.puppets.theatre.programme import (
    FLAWS,
    ODDITIES,
    PLAIN_FLAWS,
    caption,
    part_rng,
    plain_programme,
    programme,
    stage_scene,
)
from dreamrelation.puppets.theatre.repertoire import TRANSFORMERS
from dreamrelation.puppets.theatre.room import EXEMPLAR_ROOMS
from dreamrelation.relations import RELATIONS, Relation
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.settings.overlay import overlay
from dreamrelation.settings.own_relations import read_own_relation
from dreamrelation.settings.puppets import PuppetSettings
from dreamrelation.settings.stages import PuppetsStage
from dreamrelation.stages import puppets
from dreamrelation.tables.rows import TRUE_MASKS
from dreamrelation.video import decode


def play(settings: ExperimentSettings, **over: object) -> None:
    """The puppets stage with other settings."""
    puppets.run(settings=PuppetsStage.of(from_mapping(overlay(settings.model_dump(), over), "the test")))


def test_every_clip_has_a_video_a_caption_and_all_but_one_kind_skeletons(theatre: Path) -> None:
    videos = {parse_name(path.name).stem for path in (theatre / "nturgb+d_rgb").iterdir()}
    skeletons = {path.stem for path in (theatre / "nturgb+d_skeletons").iterdir()}
    flaws = dict(line.split("\t") for line in (theatre / "bad_clips.tsv").read_text().splitlines()[1:])
    assert set(read_captions(theatre / "captions.tsv")) == videos
    assert videos - skeletons == {clip for clip, flaw in flaws.items() if flaw == "missing_skeleton"}
    assert Counter(flaws.values()) == dict.fromkeys(FLAWS, 2)
    assert len(videos) == 2 * (5 + len(FLAWS))


def test_true_masks_cover_every_frame_of_every_good_clip(theatre: Path) -> None:
    rows = TRUE_MASKS.read(theatre / "true_masks.parquet")
    frames = Counter(row.clip for row in rows)
    assert len(frames) == 10
    for clip, count in frames.items():
        assert count == 2 * len(read_skeleton(theatre / "nturgb+d_skeletons" / f"{clip}.skeleton"))
    assert {(row.height, row.width) for row in rows} == {(144, 256)}


def test_videos_and_skeletons_keep_step(theatre: Path) -> None:
    clip = "S001C001P001R001A058"
    frames = list(decode(theatre / "nturgb+d_rgb" / f"{clip}_rgb.avi"))
    assert len(frames) == len(read_skeleton(theatre / "nturgb+d_skeletons" / f"{clip}.skeleton"))
    assert 30 <= len(frames) <= 44 and frames[0].shape == (144, 256, 3)


def test_the_oddities_are_in_the_skeletons(theatre: Path, theatre_settings: ExperimentSettings) -> None:
    assert theatre_settings.puppets is not None
    for part in programme(RELATIONS["kicking"], theatre_settings.puppets.good_clips):
        if part.flaw is not None:
            continue
        frames = read_skeleton(theatre / "nturgb+d_skeletons" / f"{part.clip}.skeleton")
        ids = [tuple(body.body_id for body in bodies) for bodies in frames]
        swapped = any(len(pair) == 2 and pair == ids[0][::-1] for pair in ids)
        found = {
            "order_swaps": swapped,
            "body_id_changes": len(set().union(*ids)) == 3 and all(len(pair) == 2 for pair in ids),
            "empty_frame": () in ids,
            "furniture": all(len(trio) == 3 for trio in ids),
        }
        assert found == {name: name == part.oddity for name in ODDITIES[1:]}
        assert min(min(some) for some in ids if some) > 2**53


def test_bodies_are_plausible_in_metres(theatre: Path) -> None:
    frames = read_skeleton(theatre / "nturgb+d_skeletons" / "S001C001P001R001A058.skeleton")
    positions = np.array([[body.positions for body in bodies] for bodies in frames])
    height = np.ptp(positions[..., 1], axis=-1)
    assert (height > 1.2).all() and (height < 1.7).all()
    assert (positions[..., 2] > 2.0).all() and (positions[..., 2] < 5.0).all()


def test_the_same_seed_plays_the_same_bytes(
    theatre: Path, theatre_settings: ExperimentSettings, tmp_path: Path
) -> None:
    """Also with another set of relations: clips do not depend on each other."""
    play(theatre_settings, relations=["kicking"], puppets={"folder": str(tmp_path / "again")})
    paths = sorted((tmp_path / "again").rglob("*A051*"))
    assert len(paths) == 2 * (5 + len(FLAWS)) - 1, "one skeleton is missing"
    for path in paths:
        other = theatre / path.relative_to(tmp_path / "again")
        assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(other.read_bytes()).digest()
    assert [path.name for path in tmp_path.iterdir()] == ["again"]


def test_the_manifest_has_the_digest_of_every_file(theatre: Path) -> None:
    digests = json.loads((theatre / "manifest.json").read_text(encoding="utf-8"))
    files = {path.relative_to(theatre).as_posix(): path for path in theatre.rglob("*") if path.is_file()}
    assert list(digests) == sorted(files.keys() - {"manifest.json", MARKER})
    for name, digest in digests.items():
        assert hashlib.sha256(files[name].read_bytes()).hexdigest() == digest


def test_a_failed_play_leaves_the_old_one(theatre_settings: ExperimentSettings, tmp_path: Path, monkeypatch) -> None:
    folder = tmp_path / "ntu"
    folder.mkdir()
    (folder / MARKER).touch()
    (folder / "old").write_text("old")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("dreamrelation.puppets.theatre.data_set.write_avi", fail)
    with pytest.raises(OSError, match="disk full"):
        play(theatre_settings, puppets={"folder": str(folder)})
    assert [path.name for path in tmp_path.iterdir()] == ["ntu"] and (folder / "old").read_text() == "old"


def test_persons_wear_different_clothes() -> None:
    settings = PuppetSettings(folder="unused")
    for part in programme(RELATIONS["hugging"], 30):
        scene = stage_scene(part, settings, part_rng(part, 0))
        assert scene.actor.body != scene.partner.body


def test_exemplars_wear_and_stand_in_what_the_base_model_has_never_seen() -> None:
    """So who shows it again has copied it."""
    settings = PuppetSettings(folder="unused")
    scenes = [stage_scene(part, settings, part_rng(part, 0)) for part in programme(RELATIONS["hugging"], 30)]
    shirts = {figure.body for scene in scenes for figure in (scene.actor, scene.partner)}
    rooms = {(scene.room.wall, scene.room.paper, scene.room.floor, scene.room.pattern) for scene in scenes}
    assert shirts == set(EXEMPLAR_SHIRTS) and not shirts & set(TRANSFORMERS.shirts)
    assert rooms == set(EXEMPLAR_ROOMS) and not rooms & set(TRANSFORMERS.rooms)


def test_captions_name_the_kinds_in_the_subjects_order() -> None:
    settings = PuppetSettings(folder="unused", kinds=("dog", "frog"))
    for slug in ("shaking_hands", "kicking"):
        for part in programme(RELATIONS[slug], 8):
            scene = stage_scene(part, settings, part_rng(part, 0))
            left_to_right = [scene.actor.kind, scene.partner.kind][:: -1 if scene.mirrored else 1]
            expected = [scene.actor.kind, scene.partner.kind] if slug == "kicking" else left_to_right
            words = caption(part, scene).rstrip(".").split()
            assert [words[1], words[-1]] == expected


def test_what_cannot_be_played_is_refused(theatre_settings: ExperimentSettings) -> None:
    with pytest.raises(UserError, match=r"the puppets cannot play 'giving_object', expected some of .*shaking_hands"):
        puppets.run(
            settings=PuppetsStage.of(theatre_settings.model_copy(update={"relations": ("kicking", "giving_object")}))
        )
    with pytest.raises(UserError, match="puppets is not set"):
        play(theatre_settings, puppets=None)
    for kinds, found in ((["dog", "wolf"], "'wolf'"), ([], "none")):
        with pytest.raises(UserError, match=f"puppets.kinds: found {found}, expected some of person, dog"):
            play(theatre_settings, puppets={"kinds": kinds})


def test_names_are_unique_and_spread() -> None:
    parts = list(programme(RELATIONS["kicking"], 40))
    assert len({part.clip for part in parts}) == len(parts)
    names = [parse_name(part.clip) for part in parts]
    assert {name.camera for name in names} == {1, 2, 3} and len({name.setup for name in names}) == 4
    assert {name.repeat for name in names} == {1, 2} and {name.action for name in names} == {51}


def test_plain_clips_are_videos_beside_what_they_show(theatre_settings: ExperimentSettings, tmp_path: Path) -> None:
    """A relation of NTU RGB+D and one of one's own, played for data that are a folder of videos."""
    folder = tmp_path / "own"
    over = {
        "relations": ["kicking", "bowing"],
        "own_relations": {"bowing": {"predicate": "is bowing to {other}"}},
        "data": {"source": "folder", "folder": str(folder / "clips")},
        "puppets": {"folder": str(folder)},
    }
    play(theatre_settings, **over)
    videos = sorted(path.relative_to(folder / "clips").as_posix() for path in (folder / "clips").rglob("*.mp4"))
    assert len(videos) == 2 * (5 + len(PLAIN_FLAWS)) and videos[0] == "bowing/01.mp4"
    for slug, actor in (("kicking", "moves"), ("bowing", "left")):
        said = read_own_relation(folder / "clips" / slug / "relation.yaml")
        assert said.actor == actor and said.named(slug).caption("dog", "cat").startswith(f"A dog is {slug} ")
    truth = TRUE_MASKS.read(folder / "true_masks.parquet")
    frames = list(decode(folder / "clips" / "bowing" / "02.mp4"))
    assert sum(row.clip == "bowing-02.mp4" for row in truth) == 2 * len(frames)
    flaws = dict(line.split("\t") for line in (folder / "bad_clips.tsv").read_text().splitlines()[1:])
    assert sorted(flaws.values()) == sorted(2 * PLAIN_FLAWS)
    with pytest.raises(UserError):
        list(decode(folder / "clips" / "kicking" / "07.mp4"))


def test_only_the_motions_of_the_theatre_can_be_played_plainly() -> None:
    with pytest.raises(UserError, match="the puppets cannot play 'juggling', expected some of .*bowing"):
        list(plain_programme(Relation("juggling", "is juggling with {other}"), 1))
