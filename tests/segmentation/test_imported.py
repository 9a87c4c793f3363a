"""Ready masks: frames by number, colours to subjects, every frame of the video or none."""

import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngImageFile
from tests.segmentation.conftest import RenderedClip, render_clip

from dreamrelation.segmentation.clip_masks import clip_masks
from dreamrelation.segmentation.identity import iou
from dreamrelation.segmentation.imported.segmenter import ImportedMasks
from dreamrelation.segmentation.imported.settings import ImportedSettings
from dreamrelation.segmentation.interface import ClipView, UnusableClip
from dreamrelation.segmentation.run_lengths import encode
from dreamrelation.segmentation.truth import true_masks
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.masks import MaskSettings
from dreamrelation.tables.rows import TrueMask

RED, BLUE = (200, 30, 30), (30, 30, 200)
SIZE = (64, 96)


@pytest.fixture(scope="module")
def clip() -> RenderedClip:
    """Twelve frames and more, so that sorting by text would put frame 10 before frame 2."""
    return render_clip("hugging", 5, pixel_frames=13, start_frame=2)


def coloured(clip: RenderedClip, swapped: bool = False) -> list[np.ndarray]:
    """Each subject in its colour; where both are, the last one painted is seen."""
    frames = []
    for masks in clip.take.masks:
        frame = np.zeros((*masks.shape[1:], 3), np.uint8)
        for mask, colour in zip(masks, (BLUE, RED) if swapped else (RED, BLUE), strict=True):
            frame[mask] = colour
        frames.append(frame)
    return frames


def write(folder: Path, frames: list[np.ndarray], first: int = 0, name: str = "frame{}.png") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / name.format(number + first))


def view_of(clip: RenderedClip, joints: bool = True) -> ClipView:
    view = clip.view()
    return replace(view, source=clip.row, joints=view.joints if joints else None)


def masks_of(folder: Path, clip: RenderedClip, joints: bool = True, **given: object) -> np.ndarray:
    segmenter = ImportedMasks(
        ImportedSettings.model_validate({"folder": str(folder), **given}), MachineSettings(device="cpu")
    )
    settings = MaskSettings.model_validate({"segmenter": {"kind": "imported", "folder": str(folder)}})
    return clip_masks(segmenter, view_of(clip, joints), None, SIZE, settings).masks


def expected(clip: RenderedClip) -> np.ndarray:
    """(F, 2, h, w): the true masks, subject 1 first."""
    rows = [
        TrueMask(clip.row.clip, frame, who, *clip.take.masks.shape[2:], counts=encode(clip.take.masks[frame, who]))
        for frame in range(len(clip.take.masks))
        for who in range(2)
    ]
    return np.moveaxis(true_masks(rows, clip.row, *SIZE), 0, 1)


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("joints", [True, False])
@pytest.mark.parametrize("swapped", [True, False])
def test_two_colours_are_told_apart_and_frames_go_by_their_numbers(
    clip: RenderedClip, tmp_path: Path, first: int, joints: bool, swapped: bool
) -> None:
    write(tmp_path / clip.row.clip, coloured(clip, swapped), first)
    found = masks_of(tmp_path, clip, joints)
    assert np.median(iou(found, expected(clip))) > 0.95


def test_named_colours_say_the_order_and_hide_others(clip: RenderedClip, tmp_path: Path) -> None:
    frames = coloured(clip)
    for frame in frames:
        frame[:3, :3] = (9, 9, 9)
    write(tmp_path / clip.row.clip, frames)
    with pytest.raises(UnusableClip, match=r"found 3 colours beside black \(\(9, 9, 9\), .* expected 2"):
        masks_of(tmp_path, clip)
    forth, back = (masks_of(tmp_path, clip, False, colours=colours) for colours in ([RED, BLUE], [BLUE, RED]))
    np.testing.assert_array_equal(forth, back[:, ::-1])
    assert np.median(iou(forth, expected(clip))) > 0.95


def test_a_folder_for_each_subject_and_the_union_of_both(clip: RenderedClip, tmp_path: Path) -> None:
    """Pixels of both count once, and areas are kept: the released code sums them, and all but takes the largest."""
    folder = tmp_path / Path(clip.row.video).stem
    for who, name in enumerate(("subject1", "subject2")):
        write(folder / name, [255 * mask[who].astype(np.uint8) for mask in clip.take.masks], name="mask_{:04d}_b.PNG")
    found = masks_of(tmp_path, clip, joints=False)
    both = expected(clip)
    assert not (found[:, 0] & found[:, 1]).any()
    union, expected_union = found[:, 0] | found[:, 1], both[:, 0] | both[:, 1]
    assert np.median(iou(union, expected_union)) > 0.95
    assert union.mean() == pytest.approx(expected_union.mean(), rel=0.04)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        ("one less", "found 14 frames of masks, expected 15, the video's"),
        ("gap", "found frames 0 to 15 with gaps, expected each from 0 or 1"),
        ("twice", r"found frame 3 twice, beside frame03\.png"),
        ("nameless", r"frame\.png: found no number in the name"),
        ("small", "found 72 × 128 pixels, expected 144 × 256, the video's"),
        ("broken", r"frame2\.png: cannot be read as a picture"),
        ("blank", r"found 0 colours beside black \(none\)"),
    ],
)
def test_frames_that_are_not_the_video_s_refuse_the_clip(
    clip: RenderedClip, tmp_path: Path, spoil: str, message: str
) -> None:
    folder, frames = tmp_path / clip.row.clip, coloured(clip)
    write(folder, [np.zeros_like(frame) for frame in frames] if spoil == "blank" else frames)
    if spoil == "one less":
        (folder / "frame14.png").unlink()
    elif spoil == "gap":
        (folder / "frame14.png").rename(folder / "frame15.png")
    elif spoil == "twice":
        Image.fromarray(frames[0]).save(folder / "frame03.png")
    elif spoil == "nameless":
        Image.fromarray(frames[0]).save(folder / "frame.png")
    elif spoil == "small":
        Image.fromarray(frames[5][::2, ::2]).save(folder / "frame5.png")
    elif spoil == "broken":
        (folder / "frame2.png").write_bytes(b"no picture")
    with pytest.raises(UnusableClip, match=message):
        masks_of(tmp_path, clip)


def test_a_subject_s_frames_have_two_values(clip: RenderedClip, tmp_path: Path) -> None:
    folder = tmp_path / clip.row.clip
    for who, name in enumerate(("subject1", "subject2")):
        write(folder / name, [200 * mask[who].astype(np.uint8) + 3 for mask in clip.take.masks])
    with pytest.raises(UnusableClip, match=r"subject1: found the values \[3, 203\], expected 0 and 255"):
        masks_of(tmp_path, clip)


def test_a_clip_without_a_folder_is_refused(clip: RenderedClip, tmp_path: Path) -> None:
    with pytest.raises(UnusableClip, match=r"found no folder 'hugging_5' or 'none' of ready masks"):
        masks_of(tmp_path, clip)


@pytest.mark.parametrize(("side", "message"), [(9_000, "found 9000 × 9000 pixels, expected 144"), (60_000, "bomb")])
def test_a_picture_that_would_fill_the_memory_is_not_decoded(
    clip: RenderedClip, tmp_path: Path, side: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, frames = tmp_path / clip.row.clip, coloured(clip)
    write(folder, frames)
    file = folder / "frame2.png"
    start = file.read_bytes()[:16] + struct.pack(">II", side, side) + file.read_bytes()[24:29]
    file.write_bytes(start + struct.pack(">I", zlib.crc32(start[12:])) + file.read_bytes()[33:])
    read = PngImageFile.load
    monkeypatch.setattr(PngImageFile, "load", lambda image: read(image) if max(image.size) < side else pytest.fail())
    with pytest.raises(UnusableClip, match=message):
        masks_of(tmp_path, clip)
