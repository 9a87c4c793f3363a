"""What ways to train take, by hand, and which one is taken."""

import pytest

from dreamrelation.costs.counted import Cost
from dreamrelation.errors import UserError
from dreamrelation.forecast.cards import KNOWN, card_of
from dreamrelation.forecast.counting import StepCost, Weights
from dreamrelation.forecast.modes import (
    GATHERED,
    UPLOAD,
    Mode,
    fits,
    memory_of,
    modes_of,
    seconds_of,
    with_tokens_divided,
)

WEIGHTS = Weights(all=1000, blocks=800, linear=640, largest_block=100, largest_linear=20, item=2)
STEP = StepCost(Cost(flops=6000, peak_bytes=1500), trained=10)


def test_memory_of_each_way() -> None:
    moments = 8 * 10
    assert memory_of(Mode(1, "bfloat16"), STEP, WEIGHTS) == 1500 + moments
    assert memory_of(Mode(1, "int8"), STEP, WEIGHTS) == 1500 + moments - 320 + 20
    assert memory_of(Mode(1, "nf4"), STEP, WEIGHTS) == 1500 + moments - 470 + 20
    assert memory_of(Mode(1, "bfloat16", stream=True), STEP, WEIGHTS) == 1500 + moments - 800 + 200
    divided = Mode(1, "bfloat16", divided_by=4)
    assert memory_of(divided, STEP, WEIGHTS) == 1500 + moments - 800 + 200 + GATHERED * 100


def test_streamed_weights_are_waited_for_where_the_card_is_faster() -> None:
    streamed = Mode(1, "bfloat16", stream=True)
    upload = 2 * 800 / UPLOAD
    assert seconds_of(streamed, STEP, WEIGHTS, rate=6000 / upload / 3) == pytest.approx(3 * upload)
    assert seconds_of(streamed, STEP, WEIGHTS, rate=6000 / upload * 3) == pytest.approx(upload)
    assert seconds_of(Mode(1, "bfloat16"), STEP, WEIGHTS, rate=3000) == 2


def test_of_divided_tokens_each_card_has_its_share_and_all_adapters() -> None:
    step = with_tokens_divided(STEP, 1000, WEIGHTS, 4)
    assert step.cost == Cost((6000 + 1000) // 4, 1000 + 2 * 4 * 10 + (1500 - 1000 - 2 * 4 * 10) // 4)
    assert step.trained == STEP.trained


def test_divided_weights_are_waited_for_where_the_way_between_cards_is_slower() -> None:
    divided, link = Mode(1, "bfloat16", divided_by=4), 1e9
    exchange = 2 * 800 * 3 / 4 / link
    assert seconds_of(divided, STEP, WEIGHTS, 6000 / exchange / 3, link) == pytest.approx(3 * exchange)
    assert seconds_of(divided, STEP, WEIGHTS, 6000 / exchange * 3, link) == pytest.approx(exchange)
    assert seconds_of(Mode(1, "bfloat16"), STEP, WEIGHTS, 3000, link=1e-9) == 2


def test_several_cards_divide_weights_before_they_compute_twice() -> None:
    modes = [mode for mode in modes_of("bfloat16", cards=4) if mode.precision == "bfloat16"]
    assert [(mode.every, mode.divided_by) for mode in modes] == [(0, 1), (0, 4), (2, 1), (2, 4), (1, 1), (1, 4), (1, 1)]
    assert modes[-1].stream and modes_of("int8", cards=4) == modes_of("int8"), "quantised weights are not divided"


def test_what_changes_no_number_is_tried_first() -> None:
    modes = modes_of("bfloat16")
    exact = [mode for mode in modes if mode.precision == "bfloat16"]
    assert modes[: len(exact)] == exact and exact[-1].stream
    assert {mode.precision for mode in modes_of("nf4")} == {"nf4"} and not any(m.stream for m in modes_of("nf4"))


def test_a_share_of_the_card_is_left_to_others() -> None:
    assert fits(22 * 2**30, 24) and not fits(23 * 2**30, 24)


def test_the_settings_are_written_as_in_a_configuration() -> None:
    assert Mode(0, "bfloat16").settings == "gradient_checkpointing: false, precision.denoiser: bfloat16"
    assert Mode(1, "int8").settings == "gradient_checkpointing: true, precision.denoiser: int8"
    assert Mode(1, "float32", True).settings.endswith("float32, stream_weights: true")
    assert Mode(1, "float32", divided_by=2).settings.endswith("float32, shard_weights: true")


def test_a_card_is_known_by_its_name_and_corrected_by_hand() -> None:
    assert card_of("h100", None, None) == KNOWN["h100"]
    own = card_of("h100", 64, 500)
    assert (own.memory, own.rate, own.source, own.link) == (64, 500, "--rate", KNOWN["h100"].link)
    assert card_of(None, 24, 100).memory == 24


def test_an_unknown_card_and_none_are_said() -> None:
    with pytest.raises(UserError, match="--card h101: expected one of .*h100"):
        card_of("h101", None, None)


def test_without_a_card_its_memory_must_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(UserError, match="no GPU is here: say for which one with --card"):
        card_of(None, None, 100)
    here = card_of(None, 8, None)
    assert here.memory == 8 and here.rate > 0 and here.source.startswith("measured now")
