import numpy as np
import pyarrow as pa
import pytest

from dreamrelation import tables
from dreamrelation.masks.encoding import decode, encode, stored_masks


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 1.0])
def test_decoding_gives_back_what_was_encoded(share):
    mask = np.random.default_rng(0).random((37, 210)) < share
    assert np.array_equal(decode(encode(mask), 37, 210), mask)


def test_a_code_of_another_size_is_refused():
    code = encode(np.eye(16, dtype=bool))
    with pytest.raises(ValueError, match="found a run-length code of 256 pixels, expected 16 × 15"):
        decode(code, 16, 15)


def test_a_broken_code_is_refused():
    with pytest.raises(ValueError, match="breaks off"):
        decode(encode(np.random.default_rng(0).random((64, 64)) < 0.001)[:1] or b"o", 64, 64)


def test_only_boolean_pictures_are_encoded():
    with pytest.raises(ValueError, match="expected bool"):
        encode(np.zeros((4, 4), np.uint8))


def table_of(masks: np.ndarray, drop: int | None = None) -> pa.Table:
    rows = [
        {
            "clip": "a",
            "frame": frame,
            "subject": subject + 1,
            "height": masks.shape[2],
            "width": masks.shape[3],
            "counts": encode(masks[frame, subject]),
            "area_share": 0.0,
            "joints_inside_share": None,
            "truth_iou": None,
        }
        for frame in reversed(range(len(masks)))
        for subject in (0, 1)
    ]
    return pa.Table.from_pylist([row for i, row in enumerate(rows) if i != drop], schema=tables.MASKS)


def test_stored_masks_come_back_by_number_not_by_row_order():
    masks = np.random.default_rng(1).random((13, 2, 8, 8)) < 0.5
    assert np.array_equal(stored_masks(table_of(masks), "a", 13), masks)


@pytest.mark.parametrize(("clip", "frames", "drop"), [("a", 7, None), ("a", 13, 3), ("b", 13, None)])
def test_a_mismatch_of_frames_is_refused(clip, frames, drop):
    masks = np.ones((13, 2, 8, 8), bool)
    with pytest.raises(ValueError, match=f"{clip}: found"):
        stored_masks(table_of(masks, drop), clip, frames)
