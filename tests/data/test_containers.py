"""What is told of a video by its container, what is refused there, and what only decoding shows."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
from av.video.stream import VideoStream

from dreamrelation import video
from dreamrelation.data import containers
from dreamrelation.data.containers import look, prove
from dreamrelation.errors import UserError
from dreamrelation.video import decode

Change = Callable[[VideoStream], None]
FRAMES = 12


def filmed(
    path: Path,
    codec: str = "h264",
    times: list[int] | None = None,
    size: tuple[int, int] = (48, 32),
    pixels: str = "yuv420p",
    change: Change | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """A video whose left half grows brighter with every frame; `times` are in hundredths of a second."""
    with av.open(str(path), "w") as container:
        stream = cast(VideoStream, container.add_stream(codec, rate=10, options=options or {}))
        stream.width, stream.height = size
        stream.pix_fmt = pixels
        if times is not None:
            stream.codec_context.time_base = stream.time_base = Fraction(1, 100)
        if change is not None:
            change(stream)
        for number in range(FRAMES):
            picture = np.zeros((size[1], size[0], 3), np.uint8)
            picture[:, : size[0] // 2] = 20 * number
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pixels)
            if times is not None:
                frame.pts, frame.time_base = times[number], Fraction(1, 100)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize("name", ["a.avi", "a.mp4", "a.mkv", "a.mov", "a.webm"])
@pytest.mark.parametrize("reordered", [False, True])
def test_the_container_and_the_decoder_agree(tmp_path: Path, name: str, reordered: bool) -> None:
    """Also where frames are not stored in the order in which they are shown."""
    codec = {"a.avi": "mpeg4", "a.webm": "libvpx-vp9"}.get(name, "h264")
    options = {"bf": "2"} if reordered and codec == "h264" else {}
    path = filmed(tmp_path / name, codec, options=options)
    footage = look(path)
    np.testing.assert_allclose(footage.times, np.arange(FRAMES) / 10, atol=2e-3)  # webm counts milliseconds
    assert footage.picture == (48, 32)
    assert footage.frames_per_second == pytest.approx(10, rel=2e-3)
    thumbnails = prove(path, FRAMES, [0, 5, 5, 11])
    assert thumbnails.shape == (4, 36, 64) and thumbnails[:, 18, 10].tolist() == sorted(thumbnails[:, 18, 10].tolist())
    shown = [float(frame[:, :20].mean()) for frame in decode(path)]
    assert shown == sorted(shown)
    with pytest.raises(UserError, match=f"found {FRAMES} frames that decode, expected 13"):
        prove(path, 13)


def test_frames_have_their_true_times(tmp_path: Path) -> None:
    times = [0, 10, 20, 30, 33, 36, 39, 42, 50, 70, 71, 100]
    path = filmed(tmp_path / "a.mp4", times=times, options={"bf": "2"})
    np.testing.assert_allclose(look(path).times, np.array(times) / 100)


@pytest.mark.parametrize("degrees", [90, 180, -90])
def test_pictures_are_turned_as_the_file_says(tmp_path: Path, degrees: int) -> None:
    """A turn to the left by 90 degrees takes the bright left half to the bottom."""
    path = filmed(tmp_path / "a.mp4", change=lambda stream: stream.set_display_rotation(degrees))
    last = list(decode(path))[-1]
    assert look(path).picture == (last.shape[1], last.shape[0]) == ((48, 32) if degrees == 180 else (32, 48))
    bright = {90: last[30:, :], 180: last[:, 30:], -90: last[:18, :]}[degrees]
    assert bright.mean() > 200


@pytest.mark.parametrize(
    ("codec", "pixels", "size"), [("prores_ks", "yuv422p10le", (48, 32)), ("h264", "yuv444p", (47, 31))]
)
def test_ten_bits_and_odd_sizes_are_read(tmp_path: Path, codec: str, pixels: str, size: tuple[int, int]) -> None:
    path = filmed(tmp_path / "a.mov", codec, pixels=pixels, size=size)
    assert look(path).picture == size
    prove(path, FRAMES)
    last = list(decode(path))[-1]
    assert last.dtype == np.uint8 and abs(float(last[:, :20].mean()) - 220) < 4


def interlaced(stream: VideoStream) -> None:
    stream.codec_context.flags |= 1 << 29 | 1 << 18  # interlaced motion estimation and transform


def squeezed(stream: VideoStream) -> None:
    stream.codec_context.sample_aspect_ratio = Fraction(16, 15)


def bright(stream: VideoStream) -> None:
    stream.codec_context.color_trc = 16


@pytest.mark.parametrize(
    ("codec", "change", "message"),
    [
        ("mpeg2video", interlaced, "is interlaced, expected whole frames"),
        ("h264", squeezed, "has pixels of the aspect 16/15"),
        ("h264", bright, r"is of a high dynamic range \(PQ\)"),
    ],
)
def test_pictures_that_would_be_shown_wrong_are_refused(
    tmp_path: Path, codec: str, change: Change, message: str
) -> None:
    path = filmed(tmp_path / "a.mkv", codec, change=change)
    with pytest.raises(UserError, match=rf"a\.mkv: {message}"):
        look(path)


def test_damage_inside_is_found_by_decoding_only(tmp_path: Path) -> None:
    """The container still tells of all frames."""
    path = filmed(tmp_path / "a.avi", "mpeg4", size=(320, 192))
    content = bytearray(path.read_bytes())
    start = 7 * len(content) // 10
    content[start : start + 60] = np.random.default_rng(0).bytes(60)
    path.write_bytes(content)
    assert len(look(path).times) == FRAMES
    with pytest.raises(UserError, match=r"a\.avi: frame \d+ is damaged"):
        prove(path, FRAMES)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.avi", b"", "found no RIFF header"),
        ("a.avi", b"RIFF\xff\xff\x00\x00AVI ", "cut off: found 12 bytes, expected 65543"),
        ("a.mp4", b"", "cannot be decoded"),
        ("a.mp4", b"no video at all", "cannot be decoded"),
    ],
)
def test_files_that_are_no_videos_are_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=rf"{name}: {message}"):
        look(tmp_path / name)


def test_a_folder_and_sound_are_no_videos(tmp_path: Path) -> None:
    (tmp_path / "folder.avi").mkdir()
    with pytest.raises(UserError, match="no such video"):
        look(tmp_path / "folder.avi")
    path = tmp_path / "sound.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(UserError, match="found no video stream"):
        look(path)


@pytest.mark.parametrize(
    "playlist",
    ["ffconcat version 1.0\nfile other.mp4\n", "#EXTM3U\n#EXTINF:1,\nother.mp4\n#EXT-X-ENDLIST\n",
     "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n"],
    ids=["ffconcat", "hls", "sdp"],
)  # fmt: skip
def test_a_text_that_would_have_other_files_opened_is_no_video(tmp_path: Path, playlist: str) -> None:
    filmed(tmp_path / "other.mp4")
    clip = tmp_path / "clip.mp4"
    clip.write_text(playlist)
    for read in (look, lambda path: prove(path, FRAMES), lambda path: list(decode(path))):
        with pytest.raises(UserError, match=r"clip\.mp4: (is of no kind of video file|cannot be decoded)"):
            read(clip)


def test_pictures_of_absurd_sizes_are_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = filmed(tmp_path / "clip.mp4")
    assert len(list(decode(clip))) == FRAMES
    for module in (containers, video):
        monkeypatch.setattr(module, "MOST_PIXELS", 48 * 32 - 1)
    with pytest.raises(UserError, match="found pictures of 48 × 32 pixels, expected at most 1535"):
        look(clip)
    for read in (lambda path: prove(path, FRAMES), lambda path: list(decode(path))):
        with pytest.raises(UserError, match="cannot be decoded"):
            read(clip)
