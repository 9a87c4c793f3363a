import dataclasses

import numpy as np
import pytest

from dreamrelation.errors import UserError
from dreamrelation.segmentation.run_lengths import decode, encode, stored_masks
from dreamrelation.tables.rows import MaskRow


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 1.0])
def test_decoding_gives_back_what_was_encoded(share):
    mask = np.random.default_rng(0).random((37, 210)) < share
    assert np.array_equal(decode(encode(mask), 37, 210), mask)


def test_a_code_of_another_size_is_refused():
    code = encode(np.eye(16, dtype=bool))
    with pytest.raises(UserError, match="found a run-length code of 256 pixels, expected 16 × 15"):
        decode(code, 16, 15)


def test_a_broken_code_is_refused():
    with pytest.raises(UserError, match="breaks off"):
        decode(encode(np.random.default_rng(0).random((64, 64)) < 0.001)[:1] or b"o", 64, 64)


def test_only_boolean_pictures_are_encoded():
    with pytest.raises(ValueError, match="expected bool"):
        encode(np.zeros((4, 4), np.uint8))


def rows_of(masks: np.ndarray, drop: int | None = None) -> list[MaskRow]:
    frames, _, height, width = masks.shape
    rows = [
        MaskRow("a", frame, subject + 1, height, width, encode(masks[frame, subject]), 0.0, None, None, None)
        for frame in reversed(range(frames))
        for subject in (0, 1)
    ]
    return [row for i, row in enumerate(rows) if i != drop]


def test_stored_masks_come_back_by_number_not_by_row_order():
    masks, others = (np.random.default_rng(seed).random((13, 2, 8, 8)) < 0.5 for seed in (1, 2))
    rows = rows_of(masks) + [dataclasses.replace(row, clip="b") for row in rows_of(others)]
    assert np.array_equal(stored_masks(rows, "a", 13), masks)
    assert np.array_equal(stored_masks(rows, "b", 13), others)


@pytest.mark.parametrize(("clip", "frames", "drop"), [("a", 7, None), ("a", 13, 3), ("b", 13, None)])
def test_a_mismatch_of_frames_is_refused(clip, frames, drop):
    masks = np.ones((13, 2, 8, 8), bool)
    with pytest.raises(UserError, match=f"{clip}: found"):
        stored_masks(rows_of(masks, drop), clip, frames)


def test_masks_of_several_sizes_are_refused():
    rows = rows_of(np.ones((13, 2, 8, 8), bool), drop=0) + rows_of(np.ones((13, 2, 8, 9), bool))[:1]
    with pytest.raises(UserError, match=r"a: found masks of the sizes \[\(8, 8\), \(8, 9\)\], expected one size"):
        stored_masks(rows, "a", 13)
