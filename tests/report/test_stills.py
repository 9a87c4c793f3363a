"""A video's still is its middle frame."""

from pathlib import Path

import numpy as np
import pytest

from dreamrelation import video
from dreamrelation.errors import UserError
from dreamrelation.report.stills import middle_frame


@pytest.mark.parametrize("frames", [1, 2, 7, 8])
def test_the_still_is_the_frame_in_the_middle(tmp_path: Path, frames: int) -> None:
    path = tmp_path / "video.mp4"
    shades = np.arange(frames, dtype=np.uint8) * 20 + 40
    video.encode(path, np.broadcast_to(shades[:, None, None, None], (frames, 32, 48, 3)).copy(), 10)
    found = middle_frame(path)
    assert found.shape == (32, 48, 3) and abs(float(found.mean()) - float(shades[frames // 2])) < 4
    np.testing.assert_array_equal(found, list(video.decode(path))[frames // 2])


@pytest.mark.parametrize("content", [b"", b"no video at all"])
def test_what_is_no_video_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "video.mp4").write_bytes(content)
    with pytest.raises(UserError, match=r"video\.mp4: cannot be decoded"):
        middle_frame(tmp_path / "video.mp4")
