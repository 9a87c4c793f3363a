"""Videos come back as they went in, windows are exact, broken videos are named."""

from pathlib import Path

import numpy as np
import pytest

from dreamrelation.errors import UserError
from dreamrelation.video import decode, encode, read_window


def greys(frames: int = 9, height: int = 32, width: int = 48) -> np.ndarray:
    """Frame k is a flat grey of 20·k, with a darker left half."""
    video = np.full((frames, height, width, 3), 0, np.uint8)
    for k in range(frames):
        video[k] = 20 * k + 40
        video[k, :, : width // 2] = 20 * k
    return video


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    encode(path, greys(), 10)
    back = np.stack(list(decode(path)))
    assert len(back) == 9
    assert np.abs(back.astype(int) - greys()).mean() < 3


def test_the_same_frames_give_the_same_file(tmp_path: Path) -> None:
    """Between the writings memory is filled with other values, which x264's macroblock tree let show."""
    slope = np.add.outer(np.add.outer(np.arange(7) * 3, np.arange(32) * 2), np.arange(48))
    frames = (np.stack([slope, 2 * slope, 255 - slope], axis=-1) % 256).astype(np.uint8)
    rng, found = np.random.default_rng(0), set()
    for _ in range(60):
        for size in rng.integers(1, 50_000, 20):
            np.full(size, size % 256, np.uint8)
        encode(tmp_path / "video.mp4", frames, 10)
        found.add((tmp_path / "video.mp4").read_bytes())
    assert len(found) == 1


def test_a_window_starts_where_it_should_and_is_cropped(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    encode(path, greys(), 10)
    window = read_window(path, range(3, 7), (24, 0, 24, 16), 8, 12)
    assert window.shape == (4, 8, 12, 3)
    assert np.abs(window[:, 4, 6, 0].astype(int) - [100, 120, 140, 160]).max() < 8


def test_windows_that_leave_the_video_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    encode(path, greys(), 10)
    with pytest.raises(UserError, match=r"video.mp4: found 2 frames of frames 7 to 10, expected 4"):
        read_window(path, range(7, 11), (0, 0, 48, 32), 32, 48)
    with pytest.raises(UserError, match="leaves the picture"):
        read_window(path, range(4), (10, 0, 48, 32), 32, 48)


def test_broken_videos_are_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"not a video")
    with pytest.raises(UserError, match="broken.mp4"):
        list(decode(broken))
    with pytest.raises(UserError, match="none.mp4"):
        list(decode(tmp_path / "none.mp4"))
    with pytest.raises(ValueError, match="expected uint8"):
        encode(tmp_path / "x.mp4", greys().astype(np.float32), 10)
    assert not (tmp_path / "x.mp4").exists()
