"""Films come back as they went in, windows are exact, broken films are named."""

from pathlib import Path

import numpy as np
import pytest

from dreamrelation.video import decode, encode, read_window


def film(frames: int = 9, height: int = 32, width: int = 48) -> np.ndarray:
    """Frame k is a flat grey of 20·k, with a darker left half."""
    greys = np.full((frames, height, width, 3), 0, np.uint8)
    for k in range(frames):
        greys[k] = 20 * k + 40
        greys[k, :, : width // 2] = 20 * k
    return greys


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    encode(path, film(), 10)
    back = np.stack(list(decode(path)))
    assert len(back) == 9
    assert np.abs(back.astype(int) - film()).mean() < 3


def test_a_window_starts_where_it_should_and_is_cropped(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    encode(path, film(), 10)
    window = read_window(path, 3, 4, (24, 0, 24, 16), 8, 12)
    assert window.shape == (4, 8, 12, 3)
    assert np.abs(window[:, 4, 6, 0].astype(int) - [100, 120, 140, 160]).max() < 8


def test_windows_that_leave_the_film_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    encode(path, film(), 10)
    with pytest.raises(ValueError, match=r"film.mp4: found 2 frames from frame 7 on, expected 4"):
        read_window(path, 7, 4, (0, 0, 48, 32), 32, 48)
    with pytest.raises(ValueError, match="leaves the picture"):
        read_window(path, 0, 4, (10, 0, 48, 32), 32, 48)


def test_broken_films_are_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"not a film")
    with pytest.raises(ValueError, match="broken.mp4"):
        list(decode(broken))
    with pytest.raises(FileNotFoundError, match="none.mp4"):
        list(decode(tmp_path / "none.mp4"))
    with pytest.raises(ValueError, match="expected uint8"):
        encode(tmp_path / "x.mp4", film().astype(np.float32), 10)
    assert not (tmp_path / "x.mp4").exists()
