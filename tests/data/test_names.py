"""File names of NTU RGB+D."""

import pytest

from dreamrelation.data.ntu.names import ClipName, parse_name


@pytest.mark.parametrize("name", ["S018C003P106R002A120", "S018C003P106R002A120_rgb", "x/S018C003P106R002A120_rgb.avi"])
def test_three_digit_actions_are_read_whole(name: str) -> None:
    assert parse_name(name) == ClipName(setup=18, camera=3, performer=106, repeat=2, action=120)


def test_stem_is_the_inverse_of_parsing() -> None:
    name = ClipName(1, 2, 3, 1, 58)
    assert name.stem == "S001C002P003R001A058"
    assert parse_name(name.stem) == name
    assert name.performance == (1, 3, 1)


@pytest.mark.parametrize(
    "name", ["", "holiday", "S001C002P003R001A58", "S001C002P003R001A0580", "S001C002P003R001A058_ir"]
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="expected SsssCcccPpppRrrrAaaa"):
        parse_name(name)
