"""The still of a video: its middle frame, for which the frames after it are not decoded, and one is turned to RGB."""

from collections import deque
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np

from dreamrelation.errors import UserError
from dreamrelation.video import open_video

JPEG_QUALITY = 90


def middle_frame(path: Path) -> np.ndarray:
    """(H, W, 3) uint8 RGB; by the container's count of frames, or the last one where it holds fewer.

    Raises UserError where the video cannot be decoded or holds no frame.
    """
    try:
        with open_video(path) as container:
            stream = container.streams.video[0]
            until_middle = islice(container.decode(stream), stream.frames // 2 + 1)
            last = deque(until_middle, maxlen=1)
            if not last:
                raise UserError(f"{path}: found no frame, expected at least one")
            return last[0].to_ndarray(format="rgb24")
    except (av.FFmpegError, IndexError) as error:
        raise UserError(f"{path}: cannot be decoded: {error}") from None


def write_still(path: Path, frame: np.ndarray) -> None:
    """Write a frame (H, W, 3) uint8 RGB as JPEG."""
    done, data = cv2.imencode(".jpg", frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise ValueError(f"{path}: OpenCV cannot encode a still of {frame.shape}")
    path.write_bytes(data.tobytes())
