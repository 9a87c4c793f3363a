"""The evaluate stage on small videos."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.metrics.judges import (
    FRAMES,
    HEIGHT,
    MOTIONS,
    WIDTH,
    change_manifest,
    write_manifest,
    write_selection,
    write_video,
)
from tests.metrics.own_metrics import BRIGHTNESS, GAP, SAYS

from dreamrelation.errors import UserError
from dreamrelation.metrics.description import Description
from dreamrelation.metrics.interface import Confusion
from dreamrelation.relations import RELATIONS
from dreamrelation.settings.kinds import METRICS
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.registry import implementation_of
from dreamrelation.settings.stages import EvaluateStage, FrameSize
from dreamrelation.stages import evaluate
from dreamrelation.tables.rows import SCORES, SET_SCORES, VideoScore
from dreamrelation.video import decode

PAIRS = [("dog", "cat"), ("dog", "robot")]


def slice_of(
    metric: dict[str, Any], relation: str = "hugging", height: int = HEIGHT, width: int = WIDTH
) -> EvaluateStage:
    return EvaluateStage(
        seed=0,
        size=FrameSize(height=height, width=width),
        relation=RELATIONS[relation],
        metric=METRICS.read(metric),  # pyright: ignore
    )


def run(folder: Path, metric: dict[str, Any], relation: str = "hugging", method: str = "base", **slice_: int) -> Path:
    """Evaluate the manifest in `folder`; gives the scores."""
    evaluate.run(
        settings=slice_of(metric, relation, **slice_),
        machine=MachineSettings(device="cpu"),
        metric="mine",
        relation=relation,
        method=method,
        manifest=folder / "videos.parquet",
        videos=folder / "videos",
        selection=folder / "clips" / "selection.parquet",
        answers=folder / "answers" / "mine.jsonl",
        scores=folder / "scores" / "mine.parquet",
    )
    return folder / "scores" / "mine.parquet"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("puppet_joint_accuracy", [1.0, None]),
        ("puppet_relation_accuracy", [1.0, 1.0]),
        ("puppet_subject_accuracy", [1.0, None]),
    ],
)
def test_every_video_has_a_score_or_a_reason(judge_folder, tmp_path, kind, expected):
    write_manifest(tmp_path, "base", PAIRS)
    rows = SCORES.read(run(tmp_path, {"kind": kind, "judge": str(judge_folder)}))
    assert [(row.video, row.prompt) for row in rows] == [
        ("000", "A dog is hugging a cat."),
        ("001", "A dog is hugging a robot."),
    ]
    assert [row.value for row in rows] == expected
    assert all(row.detail for row in rows)
    assert SCORES.read(run(tmp_path, {"kind": kind, "judge": str(judge_folder)})) == rows


def test_the_file_says_which_metric_it_holds(judge_folder, tmp_path):
    write_manifest(tmp_path, "base", PAIRS)
    settings = {"kind": "puppet_relation_accuracy", "judge": str(judge_folder)}
    path = run(tmp_path, settings)
    metric = METRICS.read(settings)
    built = implementation_of(metric)(metric, MachineSettings(device="cpu"))
    assert Description.of(SCORES.read_with_metadata(path)[1], path) == Description(
        "mine", built.info, built.note, compares_sets=False
    )


def test_the_file_says_how_a_judge_does(judge_folder, tmp_path):
    write_manifest(tmp_path, "base", PAIRS[:1])
    folder = Path(shutil.copytree(judge_folder, tmp_path / "judge"))
    facts = json.loads((folder / "judge.json").read_text())
    facts["held_out_accuracy"]["motion_confusion"] = [[4, 0, 1, 0], [0, 5, 0, 0], [0, 0, 5, 0], [2, 0, 0, 3]]
    (folder / "judge.json").write_text(json.dumps(facts))
    path = run(tmp_path, {"kind": "puppet_relation_accuracy", "judge": str(folder)})
    told = Description.of(SCORES.read_with_metadata(path)[1], path)
    counts = ((4, 0, 1, 0), (0, 5, 0, 0), (0, 0, 5, 0), (2, 0, 0, 3))
    assert told.confusions == (Confusion("Motions, held-out clips", MOTIONS, counts),)


def test_a_metric_without_the_property_has_no_confusions(tmp_path):
    write_manifest(tmp_path, "base", PAIRS[:1])
    path = run(tmp_path, {"kind": BRIGHTNESS})
    assert Description.of(SCORES.read_with_metadata(path)[1], path).confusions == ()


def test_a_metric_is_given_the_frames_and_what_they_should_show(tmp_path):
    write_manifest(tmp_path, "base", PAIRS[:1])
    frames = np.stack(list(decode(tmp_path / "videos" / "000.mp4")))
    prompt = "A dog is hugging a cat."
    (row,) = SCORES.read(run(tmp_path, {"kind": BRIGHTNESS}))
    detail = f"{FRAMES} frames of ('dog', 'cat'), {prompt!r}"
    assert row == VideoScore("000", prompt, float(frames.mean()), None, detail)


def test_a_metric_of_sets_says_one_number_beside_the_relations_own_clips(tmp_path):
    write_manifest(tmp_path, "base", PAIRS)
    write_selection(tmp_path, ["kicking", "hugging", "hugging", "hugging"])
    path = run(tmp_path, {"kind": GAP, "scale": 3.0})
    rows, metadata = SET_SCORES.read_with_metadata(path)
    own = np.mean([np.mean(list(decode(tmp_path / "videos" / f"00{n}.mp4"))) for n in (0, 1)])
    real = np.mean([np.mean(list(decode(tmp_path / "clips" / f"{n}.mp4"))) for n in (1, 2, 3)])
    (row,) = rows
    gap = 3 * (own - real)
    assert abs(gap) > 1e-3
    assert [row.value, row.low, row.high] == pytest.approx([gap, gap - 1, gap + 1])
    assert (row.count, row.reference_count, row.detail) == (2, 3, "2 beside 3")
    assert Description.of(metadata, path).compares_sets
    assert Description.of(metadata, path).note == "Scaled by 3."


def test_a_metric_of_sets_needs_a_reference(tmp_path):
    write_manifest(tmp_path, "base", PAIRS)
    write_selection(tmp_path, ["kicking"])
    with pytest.raises(UserError, match=r"selection\.parquet: found no clip of hugging"):
        run(tmp_path, {"kind": GAP})
    assert not (tmp_path / "scores").exists()


def test_the_reference_has_the_size_that_the_model_sees(tmp_path, monkeypatch):
    write_manifest(tmp_path, "base", PAIRS)
    write_selection(tmp_path, ["hugging"])
    seen = []
    real_clip = evaluate.real_clip
    monkeypatch.setattr(evaluate, "real_clip", lambda *given: seen.append(real_clip(*given)) or seen[-1])
    run(tmp_path, {"kind": GAP}, height=32, width=48)
    assert [sample.frames.shape for sample in seen] == [(FRAMES, 32, 48, 3)]
    assert [(sample.relation.slug, sample.subjects) for sample in seen] == [("hugging", ("person", "person"))]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"value": "nan"}, "000: found the value nan, expected a finite one"),
        ({"value": "0.5"}, "000: found the value 0.5, expected 0 or 1"),
        ({"confidence": 1.5}, "000: found the confidence 1.5, expected 0 to 1"),
    ],
)
def test_a_metric_that_breaks_its_word_is_our_mistake(tmp_path, said, message):
    write_manifest(tmp_path, "base", PAIRS)
    with pytest.raises(ValueError, match=message) as caught:
        run(tmp_path, {"kind": SAYS, **said})
    assert not isinstance(caught.value, UserError)


def test_a_missing_video_is_named(tmp_path):
    write_manifest(tmp_path, "base", PAIRS)
    (tmp_path / "videos" / "001.mp4").unlink()
    with pytest.raises(UserError, match=r"001\.mp4: no such video"):
        run(tmp_path, {"kind": BRIGHTNESS})
    assert not (tmp_path / "scores").exists()


def test_an_exchanged_video_is_refused(tmp_path):
    write_manifest(tmp_path, "base", PAIRS[:1])
    write_video(tmp_path / "videos" / "000.mp4", seed=99)
    with pytest.raises(UserError, match=r"000\.mp4.*SHA-256"):
        run(tmp_path, {"kind": BRIGHTNESS})


def test_a_video_of_another_shape_is_refused(tmp_path):
    manifest = write_manifest(tmp_path, "base", PAIRS[:1])
    change_manifest(manifest, pixel_frames=FRAMES + 6)
    with pytest.raises(UserError, match=r"000\.mp4: found frames \(7, 64, 96, 3\), expected \(13, 64, 96, 3\)"):
        run(tmp_path, {"kind": BRIGHTNESS})


@pytest.mark.parametrize(("relation", "method"), [("kicking", "base"), ("hugging", "dreamrelation")])
def test_a_manifest_of_something_else_is_refused(tmp_path, relation, method):
    write_manifest(tmp_path, "base", PAIRS)
    with pytest.raises(UserError, match=f"hugging by base, expected {relation} by {method}"):
        run(tmp_path, {"kind": BRIGHTNESS}, relation, method)


def test_an_empty_manifest_is_refused(tmp_path):
    write_manifest(tmp_path, "base", [])
    with pytest.raises(UserError, match=r"videos\.parquet: found no video"):
        run(tmp_path, {"kind": BRIGHTNESS})


def test_an_unknown_relation_is_refused(judge_folder, tmp_path):
    write_manifest(tmp_path, "base", PAIRS, relation="follow")
    with pytest.raises(UserError, match="does not know the relation 'follow'"):
        run(tmp_path, {"kind": "puppet_relation_accuracy", "judge": str(judge_folder)}, "follow")
