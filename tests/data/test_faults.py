"""Bad inputs, one at a time, in a tree of good clips: each has its reason in the index, and no other clip notices."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import pytest
from PIL import Image

from dreamrelation.config import from_mapping
from dreamrelation.data.file_names import as_text
from dreamrelation.puppets.theatre.ntu_writer import write_avi
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.settings.overlay import overlay
from dreamrelation.settings.stages import ClipsStage
from dreamrelation.stages import clips
from dreamrelation.tables.rows import INDEX, SELECTION, IndexedClip, SelectedClip, cause

TARGET = "S001C001P001R001A058"
"""A good clip, which is spoilt."""
BODY_LINES = 27


@dataclass
class Tree:
    """A copy of the small theatre."""

    videos: Path
    skeletons: Path
    settings: ExperimentSettings
    memo: Path
    """Shared by all runs, so that only what is spoilt is looked into again."""

    @property
    def video(self) -> Path:
        return self.videos / f"{TARGET}_rgb.avi"

    @property
    def skeleton(self) -> Path:
        return self.skeletons / f"{TARGET}.skeleton"

    def run(self, folder: Path, **data: Any) -> tuple[dict[str, IndexedClip], list[SelectedClip]]:
        settings = from_mapping(overlay(self.settings.model_dump(), {"data": data}), "the test")
        index, selection = folder / "index.parquet", folder / "selection.parquet"
        memo = shutil.copy(self.memo, folder / "memo.jsonl") if self.memo.is_file() else self.memo
        clips.run(settings=ClipsStage.of(settings), memo=Path(memo), index=index, selection=selection)
        return {row.video or row.skeleton or "": row for row in INDEX.read(index)}, SELECTION.read(selection)


@pytest.fixture(scope="module")
def tree(theatre_settings: ExperimentSettings, theatre: Path, tmp_path_factory: pytest.TempPathFactory) -> Tree:
    top = tmp_path_factory.mktemp("faults")
    copy = top / "ntu"
    shutil.copytree(theatre, copy)
    videos, skeletons = copy / "nturgb+d_rgb", copy / "nturgb+d_skeletons"
    data = {"videos": str(videos), "skeletons": str(skeletons)}
    settings = from_mapping(overlay(theatre_settings.model_dump(), {"data": data}), "the test")
    made = Tree(videos, skeletons, settings, top / "memo.jsonl")
    made.run(top)
    return made


@contextmanager
def restored(*paths: Path) -> Iterator[None]:
    """Afterwards the files are as they were, to the time of their change."""
    kept = [(path, path.read_bytes(), path.stat()) for path in paths]
    try:
        yield
    finally:
        for path, content, status in kept:
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            path.unlink(missing_ok=True)
            path.write_bytes(content)
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


Lines = list[str]


def edited(change: Callable[[Lines], Lines]) -> Callable[[Path], None]:
    def edit(path: Path) -> None:
        path.write_text("\n".join(change(path.read_text().splitlines())) + "\n")

    return edit


def content(data: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(data)

    return write


def line(number: int, text: str) -> Callable[[Path], None]:
    return edited(lambda lines: [*lines[:number], text, *lines[number + 1 :]])


def joints(change: Callable[[list[float], int], list[float]]) -> Callable[[Path], None]:
    """Changes each joint's numbers; told which body of its frame, counted from 0, it is of."""

    def changed(lines: Lines) -> Lines:
        body = -1
        for number, text in enumerate(lines):
            fields = text.split()
            if len(fields) == 1:
                body = -1 if fields[0] != "25" else body
            elif len(fields) == 10:
                body += 1
            elif len(fields) == 12:
                values = change([float(field) for field in fields], body)
                lines[number] = " ".join([*(f"{value:.7g}" for value in values[:11]), str(int(values[11]))])
        return lines

    return edited(changed)


def frames_of(lines: Lines) -> list[Lines]:
    frames, at = [], 1
    while at < len(lines):
        size = 1 + int(lines[at]) * BODY_LINES
        frames.append(lines[at : at + size])
        at += size
    return frames


def each_frame(change: Callable[[int, Lines], Lines]) -> Callable[[Path], None]:
    def changed(lines: Lines) -> Lines:
        frames = [change(number, frame) for number, frame in enumerate(frames_of(lines))]
        return [str(len(frames)), *(text for frame in frames for text in frame)]

    return edited(changed)


def a_third_body(number: int, frame: Lines) -> Lines:
    """Who stands two metres to the right of the first and walks about."""
    if len(frame) < 1 + 2 * BODY_LINES:
        return frame
    third = frame[1 : 1 + BODY_LINES].copy()
    third[0] = " ".join(["99", *third[0].split()[1:]])
    for at in range(2, BODY_LINES):
        fields = third[at].split()
        fields[0] = f"{float(fields[0]) + 2 + 0.05 * number:.7g}"
        third[at] = " ".join(fields)
    return ["3", *frame[1:], *third]


SKELETONS: dict[str, tuple[Callable[[Path], None], str]] = {
    "empty": (content(b""), "unreadable skeleton: .*line 1: found"),
    "only a count": (content(b"30\n"), "unreadable skeleton: .*line 2: found the end of the file"),
    "a negative count": (line(0, "-3"), "unreadable skeleton: .*line 1: found '-3'"),
    "words": (content(b"hello\n"), "unreadable skeleton: .*line 1: found 'hello'"),
    "more frames than there are": (line(0, "9999"), "unreadable skeleton: .*found the end of the file"),
    "fewer frames than there are": (line(0, "3"), "unreadable skeleton: .*found more text"),
    "a count of bodies that is none": (line(1, "two"), "unreadable skeleton: .*line 2: found 'two'"),
    "a short header": (line(2, "1 2 3"), "unreadable skeleton: .*line 3: found 3 fields"),
    "a bodyID with a point": (line(2, "7.2e16 0 1 1 1 1 0 0 0 2"), "unreadable skeleton: .*expected a bodyID"),
    "24 joints": (line(3, "24"), "unreadable skeleton: .*line 4: found 24 joints"),
    "a joint of 11 fields": (line(6, " ".join("0" * 11)), "unreadable skeleton: .*line 7: found 11 fields"),
    "a joint of letters": (line(6, " ".join("abcdefghijkl")), "unreadable skeleton: .*line 7: .*expected numbers"),
    "a place that is no number": (line(6, "nan 0 3 0 0 9 9 1 0 0 0 2"), "unreadable skeleton: .*line 7: .*finite"),
    "a place without end": (line(6, "0 inf 3 0 0 9 9 1 0 0 0 2"), "unreadable skeleton: .*line 7: .*finite"),
    "a tracking state of 3": (line(6, "0 0 3 0 0 9 9 1 0 0 0 3"), "unreadable skeleton: .*line 7: .*expected 0, 1"),
    "a line left out": (edited(lambda lines: [*lines[:9], *lines[10:]]), "unreadable skeleton: .*, line 29: found"),
    "one bodyID twice": (
        edited(lambda lines: [*lines[:29], lines[2], *lines[30:]]),
        "unreadable skeleton: .*one bodyID twice",
    ),
    "bytes that are no text": (content(bytes(range(256))), "unreadable skeleton: .*found the byte 0x80"),
    "a byte order mark": (content(b"\xef\xbb\xbf30\n"), "unreadable skeleton: .*found the byte 0xef"),
    "UTF-16": (content("30\n".encode("utf-16")), "unreadable skeleton: .*found the byte 0xff"),
    "nobody": (each_frame(lambda number, frame: ["0"]), "one body: found 0"),
    "one body": (each_frame(lambda number, frame: ["1", *frame[1 : 1 + BODY_LINES]]), "one body: found 1"),
    "a third body": (each_frame(a_third_body), "third body: found more than two"),
    "few frames": (each_frame(lambda number, frame: frame if number < 14 else ["0"]), "body lost: found two bodies in"),
    "gaps": (
        each_frame(lambda number, frame: frame if number % 7 else ["0"]),
        "body lost: found two bodies in at most 6",
    ),
    "furniture": (
        joints(lambda v, body: [v[1] * 2, 0.2 * v[0], *v[2:]] if body == 1 else v),
        "one body: found 1 after denoising",
    ),
    "nothing tracked": (joints(lambda v, body: [*v[:11], 0]), "body lost|untracked"),
    "few joints tracked": (
        joints(lambda v, body: [*v[:11], 0 if (v[1] * 1e4) % 10 < 7 else 2]),
        r"untracked: found 0\.\d\d of a body's joints",
    ),
    "outside the picture": (joints(lambda v, body: [*v[:5], v[5] + 900, *v[6:]]), "joints outside the picture"),
    "no colour": (joints(lambda v, body: [*v[:5], float("nan"), *v[6:]]), "body lost|untracked"),
    "far away": (
        joints(lambda v, body: [*v[:5], 90 + 0.1 * v[5], 60 + 0.1 * v[6], *v[7:]] if body else v),
        r"too small: a body has 0\.\d\d of the crop's height",
    ),
    "three frames too few": (
        edited(lambda lines: [str(int(lines[0]) - 3), *(text for frame in frames_of(lines)[:-3] for text in frame)]),
        "frame counts differ: found",
    ),
    "frozen": (
        edited(lambda lines: [lines[0], *next(f for f in frames_of(lines) if f[0] == "2") * int(lines[0])]),
        "frozen skeleton: found",
    ),
}


@pytest.mark.parametrize("fault", SKELETONS)
def test_a_bad_skeleton_refuses_its_clip_alone(tree: Tree, tmp_path: Path, fault: str) -> None:
    spoil, reason = SKELETONS[fault]
    with restored(tree.skeleton):
        spoil(tree.skeleton)
        check(tree, tmp_path, tree.video, reason)


def check(tree: Tree, folder: Path, place: Path, reason: str, **data: Any) -> dict[str, IndexedClip]:
    """The file has its reason, every other one has a row, and as many clips as ever are selected."""
    index, selection = tree.run(folder, **data)
    row = index[as_text(str(place))]
    assert row.verdict == "refused"
    assert re.search(reason, row.reason), row.reason
    assert {str(path) for path in tree.videos.glob("S*A0*.avi") if path.is_file()} <= set(index)
    assert len(selection) == 8
    return index


def encoded(
    codec: str = "mpeg4",
    frames: int = 40,
    container: str = "avi",
    rate: int = 10,
    change: Callable[[Any], None] | None = None,
    options: dict[str, str] | None = None,
) -> Callable[[Path], None]:
    """Another video in the place of the clip's: a bar that walks before a wall."""

    def spoil(path: Path) -> None:
        wall = np.random.default_rng(0).integers(0, 120, (144, 256, 3)).astype(np.uint8)
        with av.open(str(path), "w", format=container) as file:
            stream = cast(Any, file.add_stream(codec, rate=rate, options=options or {}))
            stream.width, stream.height, stream.pix_fmt = 256, 144, "yuv420p"
            if change is not None:
                change(stream)
            for number in range(frames):
                picture = wall.copy()
                picture[30:120, 4 * number : 4 * number + 20] = 220
                file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            file.mux(stream.encode())

    return spoil


def cut(share: float) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        whole = path.read_bytes()
        path.write_bytes(whole[: int(share * len(whole))])

    return spoil


def damaged(path: Path) -> None:
    data = bytearray(path.read_bytes())
    start = data.index(b"movi") + 500
    data[start : start + 200] = np.random.default_rng(0).bytes(200)
    path.write_bytes(data)


def count_of(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def still(grey: int | None) -> Callable[[Path], None]:
    """As many frames as before, all of one grey or all the first one."""

    def spoil(path: Path) -> None:
        with av.open(str(path)) as container:
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        first = frames[0] if grey is None else np.full_like(frames[0], grey)
        write_avi(path, np.stack([first] * len(frames)))

    return spoil


def sound(path: Path) -> None:
    with av.open(str(path), "w", format="avi") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())


def interlaced(stream: Any) -> None:
    stream.codec_context.flags |= 1 << 29 | 1 << 18


def squeezed(stream: Any) -> None:
    stream.codec_context.sample_aspect_ratio = Fraction(16, 15)


def without_last_byte(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


VIDEOS: dict[str, tuple[Callable[[Path], None], str]] = {
    "empty": (content(b""), "unreadable video: .*found no RIFF header"),
    "text": (content(b"not a video at all"), "unreadable video: .*found no RIFF header"),
    "a header alone": (content(b"RIFF\x04\x00\x00\x00AVI "), "unreadable video: .*cannot be decoded"),
    "another kind of RIFF": (content(b"RIFF\x04\x00\x00\x00WAVE"), "unreadable video: .*cannot be decoded"),
    "half of it": (cut(0.5), "unreadable video: .*cut off: found"),
    "all but a byte": (without_last_byte, "unreadable video: .*cut off"),
    "an MP4 by another name": (encoded("h264", container="mp4"), "unreadable video: .*found no RIFF header"),
    "a picture": (lambda path: Image.new("RGB", (256, 144)).save(path, "PNG"), "unreadable video: .*no RIFF header"),
    "sound": (sound, "unreadable video: .*found no video stream"),
    "one frame": (encoded(frames=1), "unreadable video: .*found 1 frames at 1 different times"),
    "three frames": (encoded(frames=3), "frame counts differ: found 3 in the video"),
    "many frames": (encoded(frames=90), "frame counts differ: found 90 in the video"),
    "interlaced": (encoded("mpeg2video", change=interlaced), "unreadable video: .*is interlaced"),
    "pixels that are not square": (encoded(change=squeezed), "unreadable video: .*pixels of the aspect 16/15"),
    "damaged inside": (damaged, "unreadable video: .*damaged|unreadable video: .*cannot be decoded"),
    "black": (still(0), "blank picture: found nothing to see"),
    "white": (still(255), "blank picture: found nothing to see"),
    "standing still": (still(None), "frozen picture: found movement in"),
}


@pytest.mark.parametrize("fault", VIDEOS)
def test_a_bad_video_refuses_its_clip_alone(tree: Tree, tmp_path: Path, fault: str) -> None:
    spoil, reason = VIDEOS[fault]
    with restored(tree.video):
        spoil(tree.video)
        check(tree, tmp_path, tree.video, reason)


def test_a_video_of_a_low_rate_is_refused(tree: Tree, tmp_path: Path) -> None:
    with restored(tree.video):
        encoded(frames=count_of(tree.video), rate=5)(tree.video)
        check(tree, tmp_path, tree.video, r"frame rate too low: found 5\.00 frames per second; at 10")


def replaced_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def replaced_by_dangling_link(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.with_name("gone"))


@pytest.mark.parametrize(
    ("kind", "spoil", "reason"),
    [
        ("video", replaced_by_dangling_link, "unreadable video: .*no such video"),
        ("skeleton", replaced_by_dangling_link, "unreadable skeleton: .*no such skeleton file"),
        ("skeleton", Path.unlink, "missing skeleton: found no"),
        ("skeleton", replaced_by_folder, "missing skeleton: found no"),
    ],
)
def test_files_that_are_none(tree: Tree, tmp_path: Path, kind: str, spoil: Callable[[Path], None], reason: str) -> None:
    path: Path = getattr(tree, kind)
    with restored(path):
        spoil(path)
        check(tree, tmp_path, tree.video, reason)


def test_a_missing_video_leaves_its_skeleton_with_a_reason(tree: Tree, tmp_path: Path) -> None:
    with restored(tree.video):
        tree.video.unlink()
        check(tree, tmp_path, tree.skeleton, "missing video: found only the skeleton file")
        tree.video.mkdir()  # a folder that is called as a video is none
        check(tree, tmp_path, tree.skeleton, "missing video: found only the skeleton file")


STRAYS: dict[str, tuple[str, str]] = {
    "another name": ("videos/holiday.avi", "unknown name: found 'holiday'"),
    "too few digits": ("videos/S01C001P001R001A058_rgb.avi", "unknown name"),
    "an action of one person": ("videos/S001C001P001R001A001_rgb.avi", "not asked for: A001 is no action of two"),
    "a relation of another experiment": ("videos/S001C001P001R001A055_rgb.avi", "not asked for: hugging"),
    "the same clip in another folder": (f"videos/zz/{TARGET}_rgb.avi", "duplicate: another file"),
    "a name in small letters": (f"videos/zz/{TARGET.lower()}_RGB.AVI", "duplicate: another file"),
    "the same skeleton in another folder": (f"skeletons/zz/{TARGET}.skeleton", "duplicate: another file"),
    "a skeleton without a video": ("skeletons/S009C001P001R001A058.skeleton", "missing video"),
    "a skeleton of another name": ("skeletons/notes.skeleton", "unknown name"),
}


@pytest.mark.parametrize("fault", STRAYS)
def test_stray_files_have_a_row_and_are_not_opened(tree: Tree, tmp_path: Path, fault: str) -> None:
    place, reason = STRAYS[fault]
    folder, _, name = place.partition("/")
    path = getattr(tree, folder) / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"never opened")
    try:
        check(tree, tmp_path, path, reason)
    finally:
        path.unlink()
        if path.parent.name == "zz":
            path.parent.rmdir()


CAPTIONS = {
    "quotes": 'A "person" is kicking a person.',
    "an apostrophe": "A person's foot meets a person.",
    "other scripts": "一个人踢另一个人。",
    "a brace": "A person is {kicking} a person.",
}


@pytest.mark.parametrize("bom", [False, True])
@pytest.mark.parametrize("words", CAPTIONS)
def test_captions_are_taken_as_they_are(tree: Tree, tmp_path: Path, words: str, bom: bool) -> None:
    path = tmp_path / "captions.tsv"
    rows = [f"{video.stem.removesuffix('_rgb')}\t{CAPTIONS[words]}" for video in tree.videos.glob("S*.avi")]
    path.write_text("\n".join(["clip\tcaption", *rows]) + "\n", encoding="utf-8-sig" if bom else "utf-8")
    _, selection = tree.run(tmp_path, captions=str(path))
    assert {row.caption for row in selection} == {CAPTIONS[words]} and len(selection) == 8


def test_a_clip_without_a_caption_is_refused_and_no_other(tree: Tree, tmp_path: Path) -> None:
    path = tmp_path / "captions.tsv"
    names = [video.stem.removesuffix("_rgb") for video in tree.videos.glob("S*.avi")]
    rows = [f"{name}\tTwo people." for name in names if name != TARGET]
    path.write_text("\n".join(["clip\tcaption", *rows]))
    check(tree, tmp_path, tree.video, "no caption: found none in data.captions", captions=str(path))


def test_a_listed_clip_is_refused_and_no_other(tree: Tree, tmp_path: Path) -> None:
    listed = tmp_path / "missing.txt"
    listed.write_text(f"Samples with missing skeletons\n{TARGET}\n")
    check(tree, tmp_path, tree.video, "listed: the publishers list", missing_skeletons=[str(listed)])


def test_there_are_sixty_faults_and_more() -> None:
    assert len(SKELETONS) + len(VIDEOS) + len(STRAYS) + 2 * len(CAPTIONS) >= 60
    assert all(cause(reason) for _, reason in (*SKELETONS.values(), *VIDEOS.values(), *STRAYS.values()))
