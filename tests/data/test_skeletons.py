"""Parsing of skeleton files, whole and damaged."""

from pathlib import Path

import numpy as np
import pytest

from dreamrelation.data.ntu.skeletons import parse_skeleton, read_skeleton
from dreamrelation.errors import UserError
from dreamrelation.puppets.theatre.ntu_writer import Lens, SensedBody, skeleton_text, write_skeleton

LENS = Lens((256, 144), 72.0)


def sensed(frames: int, bodies: int = 2) -> list[list[SensedBody]]:
    rng = np.random.default_rng(0)
    return [
        [
            SensedBody(72057594037927937 + who, rng.uniform(0, 140, (25, 2)), rng.uniform(size=25) < 0.8, 1.0)
            for who in range(bodies)
        ]
        for _ in range(frames)
    ]


def test_written_skeletons_are_read_back_within_rounding(tmp_path: Path) -> None:
    written = sensed(4)
    write_skeleton(tmp_path / "a.skeleton", written, LENS)
    frames = read_skeleton(tmp_path / "a.skeleton")
    assert len(frames) == 4
    for found, expected in zip(frames, written, strict=True):
        for body, seen in zip(found, expected, strict=True):
            assert body.body_id == seen.body_id
            np.testing.assert_allclose(body.colour, seen.pixels, rtol=1e-6)
            np.testing.assert_allclose(body.positions, LENS.metres(seen), rtol=1e-6, atol=1e-9)
            np.testing.assert_array_equal(body.tracking == 2, seen.seen)


def test_empty_frames_keep_their_place() -> None:
    written = sensed(3)
    written[1] = []
    assert [len(bodies) for bodies in parse_skeleton(skeleton_text(written, LENS), "a")] == [2, 0, 2]


def test_colour_may_be_no_number() -> None:
    lines = skeleton_text(sensed(1), LENS).splitlines()
    fields = lines[4].split()
    lines[4] = " ".join([*fields[:5], "nan", "-nan", *fields[7:]])
    (bodies,) = parse_skeleton("\n".join(lines), "a")
    assert np.isnan(bodies[0].colour[0]).all()
    assert np.isfinite(bodies[0].positions).all()


@pytest.mark.parametrize("cut", [0, 1, 2, 3, 4, 20, 29, 30, 50, 56, 57])
def test_truncated_files_are_refused_by_name(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "S001C001P001R001A058.skeleton"
    lines = skeleton_text(sensed(2), LENS).splitlines(keepends=True)
    path.write_text("".join(lines[:cut]))
    with pytest.raises(UserError, match=rf"A058\.skeleton, line {cut + 1}: found the end of the file"):
        read_skeleton(path)


@pytest.mark.parametrize("share", np.linspace(0.01, 0.99, 25))
def test_any_cut_within_the_text_is_noticed(share: float) -> None:
    text = skeleton_text(sensed(2), LENS)
    with pytest.raises(UserError, match="cut off"):
        parse_skeleton(text[: int(share * len(text))], "cut off")


@pytest.mark.parametrize(
    ("line", "text", "message"),
    [
        (0, "two", "expected the number of frames"),
        (0, "-1", "expected the number of frames"),
        (1, "1.5", "expected the number of bodies"),
        (2, "1 2 3", "expected a body's header"),
        (2, "7.2e16 0 1 1 1 1 0 0 0 2", "expected a bodyID"),
        (3, "24", "found 24 joints"),
        (4, "1 2 3", "expected a joint"),
        (4, "a b c d e f g h i j k l", "expected numbers"),
        (4, "nan 0 3 0 0 0 0 1 0 0 0 2", "expected finite metres"),
        (4, "0 0 3 0 0 0 0 1 0 0 0 7", "expected 0, 1 or 2"),
    ],
)
def test_garbled_lines_are_named(line: int, text: str, message: str) -> None:
    lines = skeleton_text(sensed(1), LENS).splitlines()
    lines[line] = text
    with pytest.raises(UserError, match=f"file.skeleton, line {line + 1}: .*{message}"):
        parse_skeleton("\n".join(lines), "file.skeleton")


def test_text_after_the_last_frame_is_refused() -> None:
    with pytest.raises(UserError, match=r"a, line 58: found more text"):
        parse_skeleton(skeleton_text(sensed(1), LENS) + "\n1\n", "a")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.skeleton"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match=r"a\.skeleton: found the byte 0xff"):
        read_skeleton(path)
    with pytest.raises(UserError, match="no such skeleton file"):
        read_skeleton(tmp_path / "b.skeleton")


@pytest.mark.parametrize("announced", ["1000000000", "9" * 20, "9" * 5000])
@pytest.mark.parametrize("what", ["frames", "bodies"])
def test_what_is_announced_and_not_there_costs_nothing(what: str, announced: str) -> None:
    """Neither memory for it, nor an error of Python's, which converts no number of thousands of digits."""
    text = f"{announced}\n" if what == "frames" else f"1\n{announced}\n"
    with pytest.raises(UserError, match=r"x, line \d: found ('9+'|the end of the file), expected"):
        parse_skeleton(text, "x")
