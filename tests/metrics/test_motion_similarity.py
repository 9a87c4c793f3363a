"""Motion similarity: known by construction; and the puppets' relations are told apart by movement alone."""

import numpy as np
import pytest

from dreamrelation.errors import UserError
from dreamrelation.metrics.interface import VideoSample
from dreamrelation.metrics.motion.settings import MotionSimilaritySettings
from dreamrelation.metrics.motion.similarity import MotionSimilarity, mirrored, motion_pattern
from dreamrelation.puppets.theatre.repertoire import Repertoire, shoot
from dreamrelation.puppets.theatre.room import EXEMPLAR_ROOMS, ROOMS
from dreamrelation.relations import RELATIONS
from dreamrelation.settings.machine import MachineSettings

METRIC = MotionSimilarity(MotionSimilaritySettings(), MachineSettings(device="cpu"))


def clips(relation: str, persons: bool, count: int = 4) -> list[VideoSample]:
    """Of persons in the exemplars' rooms, or of figures of any kinds, other clothes and other rooms."""
    repertoire = Repertoire(
        weights={relation: 1.0},
        persons_only=(relation,) if persons else (),
        rooms=EXEMPLAR_ROOMS if persons else ROOMS,
        shirts=((206, 48, 140), (24, 168, 180)) if persons else ((60, 60, 60), (230, 230, 230)),
    )
    takes = [shoot(repertoire, int(persons), index, 19, 64, 96).take.frames for index in range(count)]
    return [VideoSample(f"{n}", frames, "", RELATIONS[relation], ("a", "b")) for n, frames in enumerate(takes)]


def sliding(columns: range) -> np.ndarray:
    """(F, 48, 64, 3): a textured square whose left edge stands at these columns."""
    texture = np.random.default_rng(0).integers(0, 256, (16, 16, 1)).repeat(3, axis=-1).astype(np.uint8)
    frames = np.full((len(columns), 48, 64, 3), 90, np.uint8)
    for frame, column in zip(frames, columns, strict=True):
        frame[16:32, column : column + 16] = texture
    return frames


def test_a_pattern_tells_which_way_something_moves_and_where() -> None:
    right = motion_pattern(sliding(range(4, 40, 4)), 1, 3, 4)
    assert np.linalg.norm(right) == pytest.approx(1) and right.shape == (1, 3, 4, 4)
    ways = (right**2).sum(axis=(0, 1, 2))
    assert ways[0] > 0.9 and ways[1] < 0.1, "to the right"
    rows = (right**2).sum(axis=(0, 2, 3))
    assert rows.argmax() == 1, "in the middle"


def test_a_mirrored_video_has_the_mirrored_pattern_and_is_as_similar() -> None:
    frames = sliding(range(4, 40, 4))
    pattern, turned = (motion_pattern(each, 2, 4, 6) for each in (frames, frames[:, :, ::-1]))
    np.testing.assert_allclose(mirrored(mirrored(pattern)), pattern)
    assert float((mirrored(pattern) * turned).sum()) > 0.97
    assert float((pattern * turned).sum()) < 0.3


def test_a_video_is_wholly_like_itself_and_a_still_one_like_nothing() -> None:
    (own, *_) = clips("kicking", persons=True, count=1)
    assert METRIC.compare([own], [own]).value == pytest.approx(1, abs=1e-6)
    still = VideoSample("still", own.frames[:1].repeat(19, axis=0), "", own.relation, own.subjects)
    assert METRIC.compare([still], [own]).value == 0


def test_movement_alone_tells_relations_apart_whoever_moves() -> None:
    names = ("hugging", "kicking", "shaking_hands")
    real = {name: clips(name, persons=True) for name in names}
    for name in names:
        drawn = clips(name, persons=False)
        found = {other: METRIC.compare(drawn, real[other]) for other in names}
        own = found.pop(name)
        assert own.value is not None and own.reference_count == 4
        assert all(own.value > 1.2 * (other.value or 0) for other in found.values()), (name, own, found)
        assert own.low is not None and own.high is not None and own.low <= own.value <= own.high


def test_too_short_videos_are_named() -> None:
    short = VideoSample("short", sliding(range(4)), "", RELATIONS["hugging"], ("a", "b"))
    with pytest.raises(UserError, match="short: found 4 frames, expected more than 4"):
        METRIC.compare([short], [short])
    assert METRIC.compare([], []).value is None
