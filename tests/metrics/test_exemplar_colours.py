"""The metrics that look for the exemplars' colours, on what the puppet theatre draws."""

import numpy as np
import pytest

from dreamrelation.metrics.exemplar_colours.clothes import ClothesLeakage, share_of_colours
from dreamrelation.metrics.exemplar_colours.colours import lab
from dreamrelation.metrics.exemplar_colours.room import RoomLeakage, wall_colour
from dreamrelation.metrics.exemplar_colours.settings import ClothesLeakageSettings, RoomLeakageSettings
from dreamrelation.metrics.interface import VideoSample
from dreamrelation.puppets.theatre.figures import EXEMPLAR_SHIRTS, KINDS, SHIRTS
from dreamrelation.puppets.theatre.motions import MOTIONS
from dreamrelation.puppets.theatre.render import draw_scene, render
from dreamrelation.puppets.theatre.room import EXEMPLAR_ROOMS, ROOMS
from dreamrelation.relations import RELATIONS
from dreamrelation.settings.machine import MachineSettings

MACHINE = MachineSettings(device="cpu")
CLOTHES, ROOM = ClothesLeakage(ClothesLeakageSettings(), MACHINE), RoomLeakage(RoomLeakageSettings(), MACHINE)


def mean_wall(room: tuple) -> tuple[int, ...]:
    """Of wall and paper."""
    return tuple((a + b) // 2 for a, b in zip(room[0], room[1], strict=True))


def drawn(number: int, rooms: tuple, shirts: tuple, kinds: tuple[str, str]) -> VideoSample:
    rng = np.random.default_rng([5, number])
    motion = list(MOTIONS)[number % len(MOTIONS)]
    scene = draw_scene(motion, kinds, rng, 64, 96, rooms=rooms, shirts=shirts)
    frames = render(scene, np.linspace(-0.8, 0.8, 5)).frames
    return VideoSample("v", frames, "", RELATIONS["hugging"], kinds)


def test_the_defaults_are_the_puppets_own() -> None:
    assert ClothesLeakageSettings().clothes == EXEMPLAR_SHIRTS
    settings = RoomLeakageSettings()
    for colours, rooms in ((settings.rooms, EXEMPLAR_ROOMS), (settings.other_rooms, ROOMS)):
        assert len(colours) == len(rooms)
        assert all(np.abs(np.subtract(a, mean_wall(b))).max() <= 1 for a, b in zip(colours, rooms, strict=True))


@pytest.mark.parametrize("number", range(30))
def test_exemplars_wear_and_stand_in_what_is_theirs_and_the_base_models_world_does_not(number: int) -> None:
    names = list(KINDS)
    kinds = names[number % 8], names[(3 * number + 1) % 8]
    exemplar = drawn(number, EXEMPLAR_ROOMS, EXEMPLAR_SHIRTS, ("person", "person"))
    usual = drawn(number, ROOMS, SHIRTS, kinds)
    assert [metric.score(exemplar).value for metric in (CLOTHES, ROOM)] == [1.0, 1.0]
    assert [metric.score(usual).value for metric in (CLOTHES, ROOM)] == [0.0, 0.0]


def test_a_person_of_the_exemplars_in_another_room_and_the_other_way_round() -> None:
    dressed = drawn(0, ROOMS, EXEMPLAR_SHIRTS, ("person", "dog"))
    housed = drawn(0, EXEMPLAR_ROOMS, SHIRTS, ("cat", "dog"))
    assert (CLOTHES.score(dressed).value, ROOM.score(dressed).value) == (1.0, 0.0)
    assert (CLOTHES.score(housed).value, ROOM.score(housed).value) == (0.0, 1.0)


def test_shares_count_pixels_of_any_lightness() -> None:
    frames = np.zeros((2, 4, 4, 3), np.uint8)
    frames[:, 0, 0], frames[0, 1, 1] = (206, 48, 140), (160, 37, 109)
    colours = np.array([(206, 48, 140)], np.uint8)
    assert share_of_colours(frames, colours, 16.0) == 3 / 32
    assert share_of_colours(frames, colours, 0.5) == 2 / 32


def test_the_wall_is_the_top_and_what_moves_is_no_wall() -> None:
    frames = np.full((5, 20, 10, 3), 90, np.uint8)
    frames[:, 2:] = 10
    frames[2, :2] = 255
    assert wall_colour(frames, 0.1).tolist() == [90, 90, 90]


def test_lab_of_white_and_red() -> None:
    white, red = lab(np.array([(255, 255, 255), (255, 0, 0)], np.uint8))
    assert white == pytest.approx([100, 0, 0], abs=0.1)
    assert red == pytest.approx([53.24, 80.09, 67.2], abs=0.3)
