"""The choice among good clips."""

import pytest

from dreamrelation.data.crops import Crop
from dreamrelation.data.found import Found
from dreamrelation.data.inspection import Fit, Inspection
from dreamrelation.data.ntu.names import ClipName, parse_name
from dreamrelation.data.selection import choose, spread
from dreamrelation.data.windows import Window
from dreamrelation.errors import UserError
from dreamrelation.relations import RELATIONS
from dreamrelation.settings.data import ClipSettings

HANDS = RELATIONS["shaking_hands"]


def inspection(name: ClipName, lengths: dict[int, bool]) -> Inspection:
    result = Inspection(Found(name.stem, "shaking_hands", name, None, None))
    for length, good in lengths.items():
        if good:
            result.fits[length] = Fit(
                Window(tuple(range(length)), "closest_approach"), 0.0, Crop(0, 0, 96, 64), 0, "left"
            )
        else:
            result.refusals[length] = f"too short: found 20 frames, expected {length}"
    return result


def clips(long: int, short: int) -> list[Inspection]:
    """`long` clips that have 61 frames and `short` ones that have 49."""
    return [inspection(ClipName(1, 1, n + 1, 1, 58), {61: n < long, 49: True, 37: True}) for n in range(long + short)]


def settings(per_relation: int, minimum: int) -> ClipSettings:
    return ClipSettings(per_relation=per_relation, minimum=minimum, pixel_frames=(61, 49, 37))


def test_the_first_length_with_enough_clips_is_taken() -> None:
    choice = choose(HANDS, clips(5, 5), settings(5, 2), 0)
    assert choice.pixel_frames == 61 and choice.fallback == "" and len(choice.clips) == 5


def test_fallback_to_a_shorter_length_is_told() -> None:
    choice = choose(HANDS, clips(4, 5), settings(5, 2), 0)
    assert choice.pixel_frames == 49
    assert choice.fallback == "only 4 of 61 frames are good, expected 5"


def test_if_no_length_has_enough_the_longest_with_most_is_taken() -> None:
    choice = choose(HANDS, clips(4, 5), settings(20, 2), 0)
    assert choice.pixel_frames == 49 and len(choice.clips) == 9


def test_too_few_clips_are_an_error_that_counts() -> None:
    with pytest.raises(
        UserError, match=r"shaking_hands \(A058\): found 1 of 61 frames, 2 of 49 .* at least 8"
    ) as error:
        choose(HANDS, clips(1, 1), settings(20, 8), 0)
    assert "2 clips" in str(error.value)
    with pytest.raises(UserError, match="no clip of it was found"):
        choose(HANDS, [], settings(20, 8), 0)


def test_commonest_reasons_are_named() -> None:
    only_61 = ClipSettings(per_relation=5, minimum=3, pixel_frames=(61,))
    with pytest.raises(UserError, match="refused at 61 frames: 4 too short"):
        choose(HANDS, clips(2, 4), only_61, 0)


def test_the_choice_is_seeded_and_independent_of_order() -> None:
    some = clips(20, 0)
    first = choose(HANDS, some, settings(6, 2), 3)
    assert choose(HANDS, some[::-1], settings(6, 2), 3) == first
    assert any(choose(HANDS, some, settings(6, 2), seed) != first for seed in (4, 5, 6))


def test_one_camera_per_performance_and_many_performers() -> None:
    names = [
        ClipName(1, camera, performer, repeat, 58)
        for camera in (1, 2, 3)
        for performer in (1, 2, 3, 4)
        for repeat in (1, 2)
    ]
    by_clip = {name.stem: Found(name.stem, None, name, None, None).facets for name in names}
    for seed in range(5):
        four = [parse_name(clip) for clip in spread(by_clip, 4, seed)]
        assert len({name.performer for name in four}) == 4
        eight = [parse_name(clip) for clip in spread(by_clip, 8, seed)]
        assert len({name.performance for name in eight}) == 8
    assert len(set(spread(by_clip, 24, 0))) == 24


def test_held_out_clips_are_of_other_performances() -> None:
    cameras = [
        inspection(ClipName(1, camera, performer, 1, 58), {61: True})
        for camera in (1, 2, 3)
        for performer in (1, 2, 3, 4)
    ]
    three = ClipSettings(per_relation=3, minimum=2, held_out=5, pixel_frames=(61,))
    choice = choose(HANDS, cameras, three, 0)
    learnt, held_out = ({parse_name(clip).performance for clip in clips} for clips in (choice.clips, choice.held_out))
    assert len(choice.clips) == 3 and len(choice.held_out) == 3, "the three cameras of the performance that is left"
    assert len(held_out) == 1 and not learnt & held_out
    assert choose(HANDS, cameras, three.model_copy(update={"held_out": 0}), 0).clips == choice.clips


def test_a_clip_that_is_taken_away_changes_no_other_place() -> None:
    some = clips(20, 0)
    before = choose(HANDS, some, settings(6, 2), 0).clips
    after = choose(HANDS, [one for one in some if one.found.clip != before[2]], settings(6, 2), 0).clips
    assert len(set(before) & set(after)) == 5
