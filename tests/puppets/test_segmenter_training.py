"""Trainings of the small Grounding DINO and the small SAM: what is asked and answered, and that they can be stopped."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from dreamrelation.puppets.models import train_sam as train_sam_module
from dreamrelation.puppets.models.figure_pictures import (
    HEIGHT,
    PICTURES_PER_CLIP,
    WIDTH,
    FigurePictures,
    box_of,
    clip_pictures,
    clips_of,
    render_pictures,
)
from dreamrelation.puppets.models.judge_clips import held_out_world, training_world
from dreamrelation.puppets.models.small_segmenters import ARCHITECTURE, SAM, write_sam_files
from dreamrelation.puppets.models.train_grounding_dino import (
    GroundingDinoTraining,
    draw_batch,
    prompt_of,
    token_maps,
)
from dreamrelation.puppets.models.train_sam import (
    SamTraining,
    answer_loss,
    draw_question,
    held_out_iou,
    iou_of,
    step_loss,
    train_sam,
)
from dreamrelation.puppets.models.training_loop import TrainingState
from dreamrelation.puppets.theatre.figures import KINDS
from dreamrelation.segmentation.detectors.grounding_dino import GroundingDino
from dreamrelation.segmentation.detectors.settings import GroundingDinoSettings
from dreamrelation.segmentation.grounded_sam.architecture import SamArchitecture, build_sam
from dreamrelation.segmentation.grounded_sam.segment_anything_model import Prompts, SegmentAnything
from dreamrelation.segmentation.grounded_sam.settings import GroundedSamSettings
from dreamrelation.segmentation.interface import Boxes
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.stages import puppet_models

CLIPS = 6
MACHINE = MachineSettings(device="cpu")


@pytest.fixture(scope="module")
def pictures() -> FigurePictures:
    return render_pictures(training_world(0), range(CLIPS), lambda line: None)


def test_pictures_come_with_masks_joints_and_kinds(pictures: FigurePictures) -> None:
    assert len(pictures) == CLIPS * PICTURES_PER_CLIP
    assert pictures.frames.shape[1:] == (HEIGHT, WIDTH, 3) and pictures.frames.dtype == np.uint8
    again = clip_pictures(2, training_world(0))
    own = slice(2 * PICTURES_PER_CLIP, 3 * PICTURES_PER_CLIP)
    assert np.array_equal(again.frames, pictures.frames[own]) and np.array_equal(again.kinds, pictures.kinds[own])
    inside = []
    for n in range(len(pictures)):
        masks = pictures.masks(n)
        assert masks.shape == (2, HEIGHT, WIDTH) and not (masks[0] & masks[1]).any() and masks.any(axis=(1, 2)).all()
        x, y = np.rint(pictures.joints[n]).astype(int).transpose(2, 0, 1)
        inside.append((masks[0] | masks[1])[np.clip(y, 0, HEIGHT - 1), np.clip(x, 0, WIDTH - 1)].mean())
    assert np.mean(inside) > 0.8
    assert len(np.unique(render_pictures(held_out_world(0), range(1), lambda line: None).frames)) > 50


def test_a_box_is_round_the_pixels() -> None:
    mask = np.zeros((10, 20), bool)
    assert box_of(mask) is None
    mask[3:6, 4:9] = True
    found = box_of(mask)
    assert found is not None and found.tolist() == [4, 3, 9, 6]


def test_sam_is_asked_about_every_figure_with_boxes_that_are_nearly_right(pictures: FigurePictures) -> None:
    for n in range(len(pictures)):
        asked = draw_question(pictures, n, replace(SamTraining(), points_share=1.0), np.random.default_rng(n))
        assert asked.points is not None
        places, labels = asked.points
        assert asked.picture.shape == (3, HEIGHT, WIDTH) and 0 <= asked.picture.min() < asked.picture.max() <= 255
        assert asked.boxes.shape == (2, 4) and places.shape == (2, 22, 2) and labels.shape == (2, 22)
        for box, mask in zip(asked.boxes, asked.masks, strict=True):
            exact = box_of(mask.numpy() > 0.5)
            assert exact is not None and np.abs(box.numpy() - exact).max() < 0.25 * max(HEIGHT, WIDTH)
        assert torch.equal(labels[0, :11] == 1, labels[1, 11:] == 0), "one's own are the other's outside"


def test_a_mirrored_question_is_the_mirrored_answer(pictures: FigurePictures) -> None:
    """Joints stay on the figures, whichever way a picture is shown."""
    still = replace(SamTraining(), joint_jitter=0.0, points_share=1.0, apart_share=0.0)
    hits = []
    for seed in range(12):
        asked = draw_question(pictures, seed, still, np.random.default_rng(seed))
        assert asked.points is not None
        places, labels = asked.points
        both = asked.masks.amax(dim=0)
        at = places[0][labels[0] == 1].round().long()
        hits.append(float(both[at[:, 1].clamp(0, HEIGHT - 1), at[:, 0].clamp(0, WIDTH - 1)].mean()))
    assert np.mean(hits) > 0.8


def test_the_right_answer_costs_least() -> None:
    masks = torch.zeros(2, 8, 8)
    masks[0, :4], masks[1, 4:] = 1, 1
    right, wrong = 20 * (masks - 0.5), 20 * (0.5 - masks)
    assert torch.equal(iou_of(right, masks), torch.ones(2)) and torch.equal(iou_of(wrong, masks), torch.zeros(2))
    best = float(answer_loss(right, torch.ones(2), masks, 10.0))
    assert best < 1e-3
    assert float(answer_loss(right, torch.zeros(2), masks, 10.0)) == pytest.approx(best + 1.0, abs=1e-5)
    assert float(answer_loss(wrong, torch.zeros(2), masks, 10.0)) > 5


def tiny_sam() -> nn.Module:
    torch.manual_seed(0)
    small = SAM | {
        "encoder_width": 16,
        "encoder_depth": 2,
        "encoder_heads": 2,
        "global_blocks": [1],
        "prompt_width": 16,
    }
    return SamArchitecture.model_validate(
        small | {"decoder_mlp_width": 16, "iou_head_width": 8, "decoder_heads": 2}
    ).build()


class Stopped(Exception):
    """The training was ended from outside."""


def test_a_stopped_training_goes_on_as_if_nothing_had_been(pictures: FigurePictures) -> None:
    settings = replace(SamTraining(), steps=4, batch=2, warmup_steps=1, embraces_from=2)
    one, other = tiny_sam(), tiny_sam()
    whole = train_sam(one, pictures, pictures, settings, None, lambda state: None)  # pyright: ignore[reportArgumentType]
    kept: list[TrainingState] = []

    def stop(state: TrainingState) -> None:
        copied = {name: value.clone() for name, value in state.model.items()}
        kept.append(TrainingState(copied, json_like(state.optimizer), state.step, state.seconds, list(state.losses)))
        if state.step == 2:
            raise Stopped

    with pytest.raises(Stopped):
        train_sam(other, pictures, pictures, settings, None, stop, save_every=1)  # pyright: ignore[reportArgumentType]
    rest = train_sam(tiny_sam(), pictures, pictures, settings, kept[-1], lambda state: None)  # pyright: ignore[reportArgumentType]
    assert rest.losses == whole.losses and len(whole.losses) == 4
    assert set(held_out_iou(one, pictures, settings)) == {"boxes", "boxes_and_joints"}  # pyright: ignore[reportArgumentType]


def test_in_the_end_half_of_the_pictures_are_of_embraces(
    pictures: FigurePictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(clips_of("hugging", 30, 3)) == [39, 54, 69]
    (index,) = clips_of("hugging", 0, 1)
    embraces = clip_pictures(index, training_world(0))
    asked: list[FigurePictures] = []
    draw = train_sam_module.draw_question
    monkeypatch.setattr(train_sam_module, "draw_question", lambda of, *given: asked.append(of) or draw(of, *given))
    settings = replace(SamTraining(), batch=4, embraces_from=5)
    for step in (4, 5):
        step_loss(tiny_sam(), pictures, embraces, settings, step)  # pyright: ignore[reportArgumentType]
    assert [of is embraces for of in asked] == [False] * 4 + [False, False, True, True]


def json_like(optimizer: dict) -> dict:
    """A copy that later steps do not change."""
    states = {
        key: {name: value.clone() if isinstance(value, torch.Tensor) else value for name, value in state.items()}
        for key, state in optimizer["state"].items()
    }
    return {"state": states, "param_groups": json.loads(json.dumps(optimizer["param_groups"]))}


def test_prompts_name_who_is_there_and_who_is_not(pictures: FigurePictures) -> None:
    settings = replace(GroundingDinoTraining(), batch=64)
    batch = draw_batch(pictures, settings, np.random.default_rng(0))
    assert batch.images.shape == (64, 3, settings.height, settings.width)
    assert batch.prompts == [prompt_of(words) for words in batch.words]
    assert {word for words in batch.words for word in words} <= set(KINDS)
    assert {len(label["boxes"]) for label in batch.labels} == {0, 1, 2}
    for words, label in zip(batch.words, batch.labels, strict=True):
        assert (label["class_labels"] < len(words)).all() and label["boxes"].shape == (len(label["class_labels"]), 4)
        assert (label["boxes"] > 0).all() and (label["boxes"] < 1).all()


class Letters:
    """A tokenizer of single letters between two marks."""

    def __call__(self, text: str, return_offsets_mapping: bool) -> dict[str, list[tuple[int, int]]]:
        return {"offset_mapping": [(0, 0), *((at, at + 1) for at in range(len(text))), (0, 0)]}


def test_each_word_has_its_tokens() -> None:
    maps = token_maps(Letters(), ["cat", "dog"], "cat. dog.", 12)
    assert maps[0].nonzero().flatten().tolist() == [1, 2, 3]
    assert maps[1].nonzero().flatten().tolist() == [6, 7, 8]


def test_the_stage_trains_segmenters_that_the_pipeline_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = {"clips": 2, "held_out_clips": 1, "steps": 2, "batch": 2, "warmup_steps": 1}
    of_sam = {"embraces": 1, "embraces_from": 1}
    monkeypatch.setattr(puppet_models, "SamTraining", lambda: replace(SamTraining(), **few, **of_sam))
    monkeypatch.setattr(puppet_models, "GroundingDinoTraining", lambda: replace(GroundingDinoTraining(), **few))
    models, work = tmp_path / "models", tmp_path / "work"
    puppet_models.run(output=models, work=work, only=["grounding_dino", "sam"])
    for name in ("grounding_dino", "sam"):
        report = json.loads((models / name / "training_report.json").read_text(encoding="utf-8"))
        assert report["steps"] == 2 and report["held_out"]
        weights = load_file(models / name / "model.safetensors")
        assert all(value.dtype != torch.float32 for value in weights.values())
    folder = models / "grounding_dino"
    detector = GroundingDino(
        GroundingDinoSettings(
            checkpoint=str(folder / "model.safetensors"),
            config=str(folder / "config.yaml"),
            text_encoder=str(folder / "text_encoder"),
            box_threshold=0.0,
            text_threshold=0.0,
            short_side=96,
        ),
        MACHINE,
    )
    frames = clip_pictures(0, held_out_world(0)).frames[:2]
    found = detector.detect(frames)
    assert [len(boxes.scores) for boxes in found] == [16, 16]
    sam = SegmentAnything(
        GroundedSamSettings.model_validate(
            {
                "detector": {"kind": "grounding_dino"},
                "checkpoint": str(models / "sam" / "model.safetensors"),
                "architecture": str(models / "sam" / ARCHITECTURE),
            }
        ),
        MACHINE,
    )
    boxes = Boxes(np.array([[10.0, 10, 60, 120], [80, 10, 150, 120]]), np.ones(2))
    logits, quality = sam.segment(frames, [Prompts(boxes, None)] * 2)
    assert logits.shape == (2, 2, HEIGHT, WIDTH) and quality.shape == (2, 2)


def test_the_small_sam_has_the_sizes_of_its_file(tmp_path: Path) -> None:
    write_sam_files(tmp_path)
    sam = build_sam(str(tmp_path / ARCHITECTURE))
    assert sam.image_encoder.img_size == WIDTH == SAM["image_size"]
    assert sum(parameter.numel() for parameter in sam.parameters()) < 1_100_000
