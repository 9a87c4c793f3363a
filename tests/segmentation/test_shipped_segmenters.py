"""The small Grounding DINO and the small SAM that come with the repository, on persons whom they have never seen."""

import json
from pathlib import Path

import numpy as np
import pytest

from dreamrelation import config
from dreamrelation.puppets.theatre.figures import EXEMPLAR_SHIRTS
from dreamrelation.puppets.theatre.render import draw_scene, render
from dreamrelation.puppets.theatre.room import EXEMPLAR_ROOMS
from dreamrelation.segmentation.grounded_sam.segmenter import GroundedSam
from dreamrelation.segmentation.grounded_sam.settings import GroundedSamSettings
from dreamrelation.segmentation.interface import ClipView, JointView
from dreamrelation.settings.machine import MachineSettings

ROOT = Path(__file__).parents[2]
TIMES = np.linspace(-0.9, 0.9, 7)
HEIGHT, WIDTH = 128, 192


@pytest.fixture(scope="module")
def segmenter() -> GroundedSam:
    settings = config.load([ROOT / "config.yaml"]).masks.segmenter
    assert isinstance(settings, GroundedSamSettings)
    return GroundedSam(settings, MachineSettings(device="cpu"))


def played(motion: str, seed: int) -> tuple[ClipView, ClipView, np.ndarray]:
    """A clip of two persons with and without joints, and the true masks (F, 2, H, W), the one on the left first."""
    rng = np.random.default_rng([77, seed])
    scene = draw_scene(
        motion, ("person", "person"), rng, HEIGHT, WIDTH, (0.5, 0.58), EXEMPLAR_ROOMS, shirts=EXEMPLAR_SHIRTS
    )
    take = render(scene, TIMES)
    order = [0, 1] if np.nonzero(take.masks[0, 0])[1].mean() < np.nonzero(take.masks[0, 1])[1].mean() else [1, 0]
    joints = JointView(take.joints[:, order].astype(float), np.ones((len(TIMES), 2, 25), bool))
    return ClipView("with", take.frames, joints), ClipView("without", take.frames, None), take.masks[:, order]


def overlaps(found: np.ndarray, right: np.ndarray) -> np.ndarray:
    """(F, 2) of masks (F, 2, H, W); without joints a frame may have the two in either order: the better counts."""
    each = [
        [
            (found[:, order[k]] & right[:, k]).sum((1, 2)) / (found[:, order[k]] | right[:, k]).sum((1, 2))
            for k in (0, 1)
        ]
        for order in ((0, 1), (1, 0))
    ]
    straight, crossed = np.moveaxis(np.array(each), -1, 1)
    return np.where((straight.sum(1) >= crossed.sum(1))[:, None], straight, crossed)


@pytest.mark.parametrize("skeletons", [True, False], ids=["with skeletons", "without"])
def test_masks_are_the_true_ones(segmenter: GroundedSam, skeletons: bool) -> None:
    scores = []
    for motion in ("shaking_hands", "kicking", "bowing"):
        for seed in range(2):
            with_joints, without, right = played(motion, seed)
            found = segmenter.segment(with_joints if skeletons else without).masks
            scores.append(overlaps(found, right))
    assert (np.median(np.concatenate(scores), axis=0) >= 0.9).all()


def test_reports_tell_how_they_were_trained_and_how_good_they_are() -> None:
    for name in ("grounding_dino", "sam"):
        folder = ROOT / "data/puppets/models" / name
        report = json.loads((folder / "training_report.json").read_text(encoding="utf-8"))
        assert report["minutes"] > 0 and report["steps"] == report["settings"]["steps"]
        if name == "sam":
            assert all(way["median"] >= 0.9 for way in report["held_out"].values())
        else:
            assert report["held_out"]["found"] >= 0.9 and report["held_out"]["median_iou"] >= 0.85
