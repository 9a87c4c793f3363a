"""Nothing but the pictures tells videos apart."""

from pathlib import Path

import av
import numpy as np
import pytest

from dreamrelation.errors import UserError
from dreamrelation.study.neutral_videos import TILE, pad, spoilt, write_group
from dreamrelation.video import decode, encode


@pytest.fixture
def videos() -> list[np.ndarray]:
    """One that is hard to encode, and two that are easy."""
    rng = np.random.default_rng(0)
    still = np.full((5, 32, 48, 3), 90, dtype=np.uint8)
    return [rng.integers(0, 256, (5, 32, 48, 3), dtype=np.uint8), still, still + 20]


def test_files_of_a_group_have_the_same_bytes_and_time(tmp_path: Path, videos: list[np.ndarray]) -> None:
    targets = [tmp_path / f"{number}.mp4" for number in range(3)]
    write_group(targets, videos, 10)
    assert len({target.stat().st_size for target in targets}) == 1
    assert {target.stat().st_mtime for target in targets} == {0}
    for target, video in zip(targets, videos, strict=True):
        plain = tmp_path / "plain.mp4"
        encode(plain, video, 10)
        np.testing.assert_array_equal(np.stack(list(decode(target))), np.stack(list(decode(plain))))


def test_files_carry_no_metadata_but_the_muxers_name(tmp_path: Path, videos: list[np.ndarray]) -> None:
    tags = []
    for number, video in enumerate(videos):
        write_group([tmp_path / "it.mp4"], [video], 10)
        with av.open(str(tmp_path / "it.mp4")) as container:
            tags.append((dict(container.metadata), dict(container.streams.video[0].metadata)))
        assert tags[number] == tags[0]
    assert not {"title", "comment", "artist", "creation_time", "description"} & {name for of in tags[0] for name in of}


def test_other_sizes_are_refused_with_the_file(tmp_path: Path, videos: list[np.ndarray]) -> None:
    with pytest.raises(UserError, match=r"1\.mp4: found a video of frames, height and width \(4, 32, 48\), expected"):
        write_group([tmp_path / "0.mp4", tmp_path / "1.mp4"], [videos[0], videos[1][:4]], 10)


def test_a_file_cannot_be_shortened(tmp_path: Path, videos: list[np.ndarray]) -> None:
    encode(tmp_path / "it.mp4", videos[1], 10)
    with pytest.raises(ValueError, match="bytes are missing"):
        pad(tmp_path / "it.mp4", (tmp_path / "it.mp4").stat().st_size + 7)


def test_a_spoilt_video_has_the_same_tiles_elsewhere() -> None:
    video = np.random.default_rng(1).integers(0, 256, (4, 3 * TILE + 2, 4 * TILE + 5, 3), dtype=np.uint8)
    found = spoilt(video, np.random.default_rng(2))

    def tiles(of: np.ndarray) -> list[bytes]:
        return [
            of[:, r : r + TILE, c : c + TILE].tobytes()
            for r in range(0, 3 * TILE, TILE)
            for c in range(0, 4 * TILE, TILE)
        ]

    assert sorted(tiles(found)) == sorted(tiles(video)) and tiles(found) != tiles(video)
    np.testing.assert_array_equal(found[:, 3 * TILE :], video[:, 3 * TILE :])
