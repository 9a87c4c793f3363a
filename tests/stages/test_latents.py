"""The latents stage: clips with masks, whatever the batch; and what it refuses."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from dreamrelation.backbones.mochi.backbone import Mochi
from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.errors import UserError
from dreamrelation.latents.cache import CachedClips, latents_fingerprint, load_clips
from dreamrelation.segmentation.run_lengths import encode
from dreamrelation.settings.latents import LatentSettings
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.stages import FrameSize, LatentsStage
from dreamrelation.stages import latents
from dreamrelation.tables.rows import MASKS, SELECTION, TRAIN, MaskRow, SelectedClip

SIZE = FrameSize(height=32, width=48)


def clip(number: int, pixel_frames: int = 7) -> SelectedClip:
    name = f"clip{number}"
    return SelectedClip(
        name, "hugging", "A person is hugging a person.", f"{name}.avi", None, tuple(range(pixel_frames)), 0.0, 10.0,
        10.0, pixel_frames, 48, 32, 0, 0, 48, 32, 0, "left", "closest_approach", TRAIN,
    )  # fmt: skip


def mask_rows(number: int, pixel_frames: int = 7) -> list[MaskRow]:
    """Subject 1 fills the left (number + 1) sixths of the picture, subject 2 nothing but the last column."""
    masks = np.zeros((2, SIZE.height, SIZE.width), bool)
    masks[0, :, : 8 * (number + 1)] = True
    masks[1, :, -8:] = True
    return [
        MaskRow(f"clip{number}", frame, subject + 1, 32, 48, encode(masks[subject]), 0.1, None, None, None)
        for frame in range(pixel_frames)
        for subject in range(2)
    ]


def frames_of(chosen: SelectedClip, height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(int(chosen.clip[-1]))
    return rng.integers(0, 256, (chosen.pixel_frames, height, width, 3), dtype=np.uint8)


def run(
    model: MochiSettings, folder: Path, clips: list[SelectedClip], masks: list[MaskRow], batch: int = 2
) -> CachedClips:
    SELECTION.write(folder / "selection", clips)
    MASKS.write(folder / "masks", masks)
    settings = LatentsStage(size=SIZE, latents=LatentSettings(), model=model.only("autoencoder"))
    machine = MachineSettings(device="cpu", encoding_batch=batch)
    latents.run(
        settings=settings, machine=machine, relation="hugging", selection=folder / "selection",
        masks=folder / "masks", latents=folder / "latents",
    )  # fmt: skip
    mochi = Mochi(model, machine)
    return load_clips(folder / "latents", latents_fingerprint(settings, mochi.fingerprint("autoencoder")))


@pytest.fixture(autouse=True)
def pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latents, "read_frames", frames_of)


def test_each_clip_with_masks_whatever_the_batch(random_mochi: MochiSettings, tmp_path: Path) -> None:
    others = [replace(clip(4), relation="kicking"), clip(5)]
    masks = [row for number in range(3) for row in mask_rows(number)]
    together = run(random_mochi, tmp_path, [clip(n) for n in range(3)] + others, masks)
    assert together.clips == ["clip0", "clip1", "clip2"] and together.mean.shape == (3, 12, 2, 4, 6)
    for number in range(3):
        assert together.masks["subject1"][number].mean() == pytest.approx((number + 1) / 6)
        assert together.masks["relation"][number].mean() == pytest.approx((number + 2) / 6)
    alone = run(random_mochi, tmp_path, [clip(2)], mask_rows(2), batch=1)
    torch.testing.assert_close(alone.mean[0], together.mean[2], rtol=1e-2, atol=1e-3)


def test_clips_of_two_lengths_or_without_masks_are_refused(random_mochi: MochiSettings, tmp_path: Path) -> None:
    both = mask_rows(0) + mask_rows(1, 13)
    with pytest.raises(UserError, match=r"hugging: found clips of \[7, 13\] frames"):
        run(random_mochi, tmp_path, [clip(0), clip(1, 13)], both)
    with pytest.raises(UserError, match="'hugging' has no clip with masks"):
        run(random_mochi, tmp_path, [clip(0)], [])
    with pytest.raises(UserError, match="clip0"):
        run(random_mochi, tmp_path, [clip(0)], mask_rows(0)[:-1])
    assert not (tmp_path / "latents").exists()
