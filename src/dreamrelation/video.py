"""Reading and writing videos with PyAV, and cutting windows out of them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from dreamrelation.errors import UserError
from dreamrelation.files import appearing

ONLY_VIDEO_FILES = {
    "protocol_whitelist": "file",
    "format_whitelist": "avi,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,asf,flv,mpeg,mpegts,mpegvideo,m4v,ogg,mxf,gif"
    ",h264,hevc,ivf,nut,rm,dv,wtv,av1,obu,yuv4mpegpipe,apng,webp_anim",
}
"""For FFmpeg's demuxers. Without it a text with the name of a video, a playlist, would have it open other files."""
MOST_PIXELS = 8192 * 8192
"""Of a picture; a broken or hostile file of some bytes may claim to have more, and get the memory for it."""

H264 = {"crf": "16", "threads": "1", "x264-params": "mbtree=0"}
"""The same frames give the same file: x264's macroblock tree reads memory that nobody wrote, and its threads count."""


def decode(path: Path) -> Iterator[np.ndarray]:
    """Every frame of a video as it is to be shown, so turned where the file says so, (H, W, 3) uint8 RGB.

    Raises UserError where there is no such file or a frame cannot be decoded. An AVI that was cut off may simply end
    early: `data.containers` compares its size with the one that it declares.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such video")
    try:
        with open_video(path) as container:
            if not container.streams.video:
                raise UserError(f"{path}: found no video stream")
            stream = container.streams.video[0]
            stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
            for frame in container.decode(stream):
                yield np.rot90(frame.to_ndarray(format="rgb24"), quarter_turns(frame))
    except av.FFmpegError as error:
        raise UserError(f"{path}: cannot be decoded: {error}") from None


def open_video(path: Path) -> InputContainer:
    """A video file, and no playlist or the like. Raises UserError for another kind, and what FFmpeg raises."""
    try:
        return av.open(str(path), options=ONLY_VIDEO_FILES)
    except av.ArgumentError:
        raise UserError(
            f"{path}: is of no kind of video file that is read, expected such as AVI, MP4, Matroska"
        ) from None


def quarter_turns(frame: av.VideoFrame) -> int:
    """How many quarter turns to the left bring a decoded frame upright; telephones note how they were held."""
    return round(frame.rotation / 90) % 4


def read_window(
    path: Path, numbers: Sequence[int], crop: tuple[int, int, int, int], height: int, width: int
) -> np.ndarray:
    """The frames of a video with these numbers, cropped and resized, (F, height, width, 3) uint8 RGB.

    Numbers count from 0 and do not fall; one that stands there twice is shown twice. `crop` is (left, top, width,
    height) in source pixels. Raises UserError where the video is missing, broken or too short, or the crop leaves the
    picture.
    """
    left, top, crop_width, crop_height = crop
    wanted, last = Counter(numbers), max(numbers)
    frames: list[np.ndarray] = []
    for number, frame in enumerate(decode(path)):
        if number > last:
            break
        if number not in wanted:
            continue
        if left < 0 or top < 0 or left + crop_width > frame.shape[1] or top + crop_height > frame.shape[0]:
            raise UserError(f"{path}: the crop {crop} leaves the picture of {frame.shape[1]} × {frame.shape[0]}")
        cut = frame[top : top + crop_height, left : left + crop_width]
        shrinks = crop_height > height
        resized = cv2.resize(cut, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
        frames += [resized] * wanted[number]
    if len(frames) != len(numbers):
        raise UserError(
            f"{path}: found {len(frames)} frames of frames {min(numbers)} to {last}, expected {len(numbers)}"
        )
    return np.stack(frames)


def encode(
    path: Path, frames: np.ndarray, frames_per_second: int, codec: str = "h264", options: dict[str, str] | None = None
) -> None:
    """Write frames (F, H, W, 3) uint8 RGB as a video; appears atomically. The suffix names the container.

    Raises ValueError for frames of another type or shape.
    """
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[-1] != 3:
        raise ValueError(f"{path}: found frames {frames.dtype} {frames.shape}, expected uint8 (F, H, W, 3)")
    with appearing(path) as beside, av.open(str(beside), "w") as container:
        stream = cast(VideoStream, container.add_stream(codec, rate=frames_per_second, options=options or H264))
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
