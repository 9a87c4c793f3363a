"""Distances between sets: what is known in closed form, and how sets are read."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.linalg import sqrtm
from tests.metrics.judges import write_video

from dreamrelation.errors import UserError
from dreamrelation.files import file_sha256
from dreamrelation.metrics.interface import VideoSample
from dreamrelation.metrics.set_distances.frechet import frechet_distance
from dreamrelation.metrics.set_distances.kernel import cubic, kernel_distance
from dreamrelation.metrics.set_distances.metrics import SetDistance
from dreamrelation.metrics.set_distances.reference import read_list
from dreamrelation.metrics.set_distances.windows import Window, window
from dreamrelation.relations import RELATIONS
from dreamrelation.settings.kinds import METRICS
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.registry import implementation_of
from dreamrelation.video import decode

MEAN_COLOUR = "tests.metrics.own_features:MeanColour"


def drawn(count: int, size: int, seed: int, shift: float = 0.0, scale: float = 1.0) -> np.ndarray:
    return shift + scale * np.random.default_rng(seed).standard_normal((count, size))


@pytest.mark.parametrize(("first", "second"), [(50, 50), (50, 20), (8, 30)])
def test_frechet_is_the_textbooks(first: int, second: int) -> None:
    """Beside scipy's root of the product of both covariances, also where there are fewer videos than numbers."""
    x, y = drawn(first, 12, 0), drawn(second, 12, 1, shift=0.3, scale=1.4)
    covariances = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = np.real(sqrtm(covariances[0] @ covariances[1]))
    expected = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(covariances[0] + covariances[1] - 2 * root)
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-5)


def test_frechet_of_known_normals() -> None:
    """|μ₁ − μ₂|² + Σ(σ₁ − σ₂)²: features that are ± σ along each axis have these moments exactly."""
    size, count = 4, 8
    axes = np.concatenate([np.eye(size), -np.eye(size)]) * np.sqrt((count - 1) / 2)
    first, second = np.array([1.0, 2.0, 0.5, 1.0]), np.array([2.0, 2.0, 1.0, 0.25])
    shift = np.array([1.0, 0.0, -1.0, 0.0])
    expected = (shift**2).sum() + ((first - second) ** 2).sum()
    assert frechet_distance(axes * first, shift + axes * second) == pytest.approx(expected, rel=1e-12)


def test_frechet_is_nothing_on_itself_and_symmetric() -> None:
    x, y = drawn(20, 40, 0), drawn(15, 40, 1)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-10)
    assert frechet_distance(x, x[::-1] + 3) == pytest.approx(9 * 40, rel=1e-9)
    assert frechet_distance(x, y) == pytest.approx(frechet_distance(y, x), rel=1e-12)


def test_the_kernel_distance_is_the_mean_over_pairs() -> None:
    x, y = drawn(5, 3, 0), drawn(4, 3, 1)
    within = [
        np.mean([(a @ b / 3 + 1) ** 3 for i, a in enumerate(s) for j, b in enumerate(s) if i != j]) for s in (x, y)
    ]
    across = np.mean([(a @ b / 3 + 1) ** 3 for a in x for b in y])
    assert kernel_distance(x, y, 0.95).value == pytest.approx(within[0] + within[1] - 2 * across, rel=1e-12)
    assert cubic(x, y).shape == (5, 4)


def test_the_kernel_distance_is_unbiased() -> None:
    found = [kernel_distance(drawn(6, 8, 2 * n), drawn(9, 8, 2 * n + 1), 0.95).value for n in range(400)]
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(len(found))
    assert (
        np.mean([kernel_distance(drawn(6, 8, n), drawn(9, 8, n + 900, shift=0.5), 0.95).value for n in range(50)]) > 0.5
    )


def test_its_limits_are_the_jackknifes() -> None:
    x, y = drawn(6, 3, 0), drawn(5, 3, 1, shift=1.0)
    found = kernel_distance(x, y, 0.95)
    variance = 0.0
    for sample, of in ((x, lambda s: kernel_distance(s, y, 0.95)), (y, lambda s: kernel_distance(x, s, 0.95))):
        without = np.array([of(np.delete(sample, n, axis=0)).value for n in range(len(sample))])
        variance += (len(without) - 1) / len(without) * ((without - without.mean()) ** 2).sum()
    assert found.low is not None and found.high is not None
    assert found.high - found.value == pytest.approx(1.959964 * np.sqrt(variance), rel=1e-6)
    assert found.value - found.low == pytest.approx(found.high - found.value, rel=1e-9)


@pytest.mark.parametrize("distance", [frechet_distance, lambda x, y: kernel_distance(x, y, 0.95)])
@pytest.mark.parametrize(("first", "second"), [((1, 3), (5, 3)), ((5, 3), (5, 4)), ((0, 0), (5, 3))])
def test_what_cannot_be_compared(distance: Any, first: tuple[int, int], second: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="expected \\(N, D\\) and \\(M, D\\)"):
        distance(np.zeros(first), np.zeros(second))


@pytest.mark.parametrize(("rule", "expected"), [("first", [0, 1, 2]), ("centre", [3, 4, 5]), ("spread", [0, 4, 9])])
def test_windows(rule: Window, expected: list[int]) -> None:
    frames = np.arange(10, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint8)
    assert [int(frame[0, 0, 0]) for frame in window(frames, 3, rule)] == expected


def videos(count: int, seed: int, frames: int = 4) -> list[VideoSample]:
    rng = np.random.default_rng(seed)
    made = [rng.integers(0, 256, (frames, 4, 6, 3)).astype(np.uint8) for _ in range(count)]
    return [VideoSample(f"v{n}", video, "", RELATIONS["hugging"], ("dog", "cat")) for n, video in enumerate(made)]


def metric(kind: str, **settings: Any) -> SetDistance:
    read = METRICS.read({"kind": kind, "features": {"kind": MEAN_COLOUR}, "frames": 4, **settings})
    return implementation_of(read)(read, MachineSettings(device="cpu"))


def colours(samples: list[VideoSample]) -> np.ndarray:
    return np.stack([sample.frames.mean(axis=(0, 1, 2)) for sample in samples])


def test_sets_of_equal_size_are_compared_as_they_are() -> None:
    ours, theirs = videos(6, 0), videos(6, 1)
    found = metric("frechet_video_distance").compare(ours, theirs)  # pyright: ignore
    assert found.value == pytest.approx(frechet_distance(colours(ours), colours(theirs)))
    assert (found.low, found.high, found.reference_count) == (None, None, 6)
    assert found.detail.startswith("6 videos and 6 of the reference; mean colours; the first 4 frames; beside")


def test_of_unequal_sets_as_many_are_drawn_of_each() -> None:
    ours, theirs = videos(5, 0), videos(12, 1)
    found = metric("frechet_video_distance", draws=20).compare(ours, theirs)  # pyright: ignore
    assert found.detail.startswith("5 of 5 videos and 12 of the reference each, 20 draws")
    assert found.low is not None and found.high is not None and found.value is not None
    assert found.low < found.value < found.high
    assert found == metric("frechet_video_distance", draws=20).compare(ours, theirs)  # pyright: ignore
    few = metric("frechet_video_distance", sample_size=6).compare(ours, theirs)  # pyright: ignore
    assert few.value is None and "too few for samples of 6" in few.detail


def test_the_kernel_distance_takes_sets_as_they_are() -> None:
    ours, theirs = videos(5, 0), videos(12, 1)
    found = metric("kernel_video_distance").compare(ours, theirs)  # pyright: ignore
    expected = kernel_distance(colours(ours), colours(theirs), 0.95)
    assert (found.value, found.low, found.high) == pytest.approx((expected.value, expected.low, expected.high))
    alone = metric("kernel_video_distance").compare(ours[:1], theirs)  # pyright: ignore
    assert alone.value is None and "expected two of each" in alone.detail


def test_a_video_that_is_too_short_is_named() -> None:
    with pytest.raises(UserError, match="v0: found 3 frames, expected at least 4, which the setting `frames` asks for"):
        metric("kernel_video_distance").compare(videos(2, 0, frames=3), videos(2, 1))  # pyright: ignore


def write_list(folder: Path, count: int) -> Path:
    rows = []
    for number in range(count):
        write_video(folder / "films" / f"{number}.mp4", seed=number)
        rows.append((f"films/{number}.mp4", file_sha256(folder / "films" / f"{number}.mp4")))
    path = folder / "reference.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("video", "sha256"), *rows])
    return path


def test_a_reference_of_ones_own(tmp_path: Path) -> None:
    path, ours = write_list(tmp_path, 3), videos(4, 0)
    found = metric("kernel_video_distance", reference=str(path)).compare(ours, iter(()))  # pyright: ignore
    theirs = [np.stack(list(decode(tmp_path / "films" / f"{n}.mp4"))[:4]).mean(axis=(0, 1, 2)) for n in range(3)]
    assert found.value == pytest.approx(kernel_distance(colours(ours), np.stack(theirs), 0.95).value)
    assert found.reference_count == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("sha256", "digest", 1), r"found the columns \['video', 'digest'\], expected video"),
        (lambda text: text.splitlines()[0] + "\n", "found no video"),
        (lambda text: text + text.splitlines()[1] + "\n", "0.mp4 twice"),
    ],
)
def test_a_list_that_is_none(tmp_path: Path, change: Any, message: str) -> None:
    path = write_list(tmp_path, 2)
    path.write_text(change(path.read_text()))
    with pytest.raises(UserError, match=rf"reference\.csv: .*{message}"):
        read_list(path)


def test_reference_videos_are_those_that_were_listed(tmp_path: Path) -> None:
    path = write_list(tmp_path, 2)
    write_video(tmp_path / "films" / "1.mp4", seed=9)
    with pytest.raises(UserError, match=r"1\.mp4: found a file with the SHA-256 .*the list says"):
        metric("kernel_video_distance", reference=str(path)).compare(videos(2, 0), ())  # pyright: ignore
    (tmp_path / "films" / "0.mp4").unlink()
    with pytest.raises(UserError, match=r"0\.mp4: no such video"):
        metric("kernel_video_distance", reference=str(path)).compare(videos(2, 0), ())  # pyright: ignore
    with pytest.raises(UserError, match="no such file, expected a list"):
        read_list(tmp_path / "none.csv")
