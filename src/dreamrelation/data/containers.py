"""What a video file holds: a quick look at all of them, and the proof, frame by frame, of those that are used."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.container import InputContainer
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from dreamrelation.data.pictures import THUMBNAIL
from dreamrelation.errors import UserError
from dreamrelation.video import MOST_PIXELS, open_video, quarter_turns

RIFF_HEADER_BYTES = 8
EIGHTH = "3"
"""Sides of a frame that is only looked at are halved so many times, by codecs that can; others ignore it."""
HIGH_DYNAMIC_RANGE = {16: "PQ", 18: "HLG"}
"""Transfer characteristics of ITU-T H.273 of which a plain conversion to RGB makes pale, wrong colours."""


@dataclass(frozen=True)
class Footage:
    """The frames of a video by what its container says; only decoding proves it."""

    times: np.ndarray
    """(N,) seconds from the first frame on, rising, in the order in which the frames are shown."""
    picture: tuple[int, int]
    """(width, height) in pixels, as shown."""

    @property
    def frames_per_second(self) -> float:
        """On average."""
        return (len(self.times) - 1) / float(self.times[-1])


def check_complete(path: Path) -> None:
    """Raise UserError where an AVI file is shorter than it says: decoders pass over a missing end in silence.

    A size of 0 is what recorders leave that never finished the header; it says nothing.
    """
    with path.open("rb") as file:
        header = file.read(RIFF_HEADER_BYTES)
    size = path.stat().st_size
    if len(header) < RIFF_HEADER_BYTES or header[:4] != b"RIFF":
        raise UserError(f"{path}: found no RIFF header, expected an AVI file")
    promised = int.from_bytes(header[4:], "little") + RIFF_HEADER_BYTES
    if promised > RIFF_HEADER_BYTES and size < promised:
        raise UserError(f"{path}: cut off: found {size} bytes, expected {promised}")


def look(path: Path) -> Footage:
    """A video's frames by its container; the first frame alone is decoded, in small where its codec can do that.

    Raises UserError where the file is missing, cut off or broken, or its pictures are of a sort that would be shown
    wrong: interlaced, of a high dynamic range, or with pixels that are not square.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such video")
    if path.suffix.lower() == ".avi":
        check_complete(path)
    try:
        with open_video(path) as container:
            stream = _video_stream(container, path)
            stream.codec_context.options = {"lowres": EIGHTH, "max_pixels": str(MOST_PIXELS)}
            width, height = stream.codec_context.width, stream.codec_context.height
            if width * height > MOST_PIXELS:
                raise UserError(f"{path}: found pictures of {width} × {height} pixels, expected at most {MOST_PIXELS}")
            first, units = _demux(container, stream)
            if first is None:
                raise UserError(f"{path}: found no frame")
            _check_pictures(path, stream, first)
            times = _times(units, stream, path)
    except av.FFmpegError as error:
        raise UserError(f"{path}: cannot be decoded: {error}") from None
    return Footage(times, (height, width) if quarter_turns(first) % 2 else (width, height))


def prove(path: Path, frames: int, shown: Sequence[int] = ()) -> np.ndarray:
    """Decode a video to its end, and give small grey pictures (N, 36, 64) uint8 of the frames with the numbers `shown`.

    Raises UserError unless `frames` frames come out, of one size and none damaged.
    """
    found, sizes, wanted = 0, set(), set(shown)
    reformatter = VideoReformatter()  # one for all frames, since it is made for a size at some cost
    thumbnails: dict[int, np.ndarray] = {}
    try:
        with open_video(path) as container:
            stream = _video_stream(container, path)
            stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
            for frame in container.decode(stream):
                if frame.is_corrupt:
                    raise UserError(f"{path}: frame {found} is damaged")
                if found in wanted:
                    width, height = THUMBNAIL
                    small = reformatter.reformat(frame, width, height, "gray", interpolation="AREA")
                    thumbnails[found] = small.to_ndarray()
                found += 1
                sizes.add((frame.width, frame.height))
    except av.FFmpegError as error:
        raise UserError(f"{path}: cannot be decoded after frame {found}: {error}") from None
    if len(sizes) > 1:
        raise UserError(f"{path}: found pictures of the sizes {sorted(sizes)}, expected one size")
    if found != frames:
        raise UserError(f"{path}: found {found} frames that decode, expected {frames}, as its container says")
    return np.stack([thumbnails[number] for number in shown]) if wanted else np.zeros((0, *THUMBNAIL[::-1]), np.uint8)


def _video_stream(container: InputContainer, path: Path) -> VideoStream:
    if not container.streams.video:
        raise UserError(f"{path}: found no video stream")
    stream = container.streams.video[0]
    stream.codec_context.thread_count = 1  # clips are short, and many are looked into at a time
    return cast(VideoStream, stream)


def _demux(container: InputContainer, stream: VideoStream) -> tuple[av.VideoFrame | None, list[int | None]]:
    """The first frame, and the time of each frame in units of the stream; some containers only know when to decode."""
    first: av.VideoFrame | None = None
    units: list[int | None] = []
    for packet in container.demux(stream):
        if packet.size and not packet.is_discard:
            units.append(packet.dts if packet.pts is None else packet.pts)
        if first is None:
            first = cast(av.VideoFrame | None, next(iter(packet.decode()), None))
    return first, units


def _times(units: list[int | None], stream: VideoStream, path: Path) -> np.ndarray:
    """Seconds from the first frame on, in the order in which frames are shown."""
    known = sorted(unit for unit in units if unit is not None)
    if len(known) < 2 or len(set(known)) != len(units) or stream.time_base is None:
        raise UserError(
            f"{path}: found {len(units)} frames at {len(set(known))} different times, expected two or more, each at a"
            " time of its own"
        )
    return (np.array(known, dtype=np.float64) - known[0]) * float(stream.time_base)


def _check_pictures(path: Path, stream: VideoStream, first: av.VideoFrame) -> None:
    if first.interlaced_frame:
        raise UserError(f"{path}: is interlaced, expected whole frames; convert it, such as by ffmpeg's filter bwdif")
    curve = HIGH_DYNAMIC_RANGE.get(int(first.color_trc))
    if curve is not None:
        raise UserError(f"{path}: is of a high dynamic range ({curve}), expected standard range; convert it")
    pixel = stream.sample_aspect_ratio
    if pixel and pixel != 1:
        raise UserError(f"{path}: has pixels of the aspect {pixel}, expected square ones; convert it")
