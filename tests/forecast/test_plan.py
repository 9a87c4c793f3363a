"""`dreamrelation plan`: sums, the way to train, and what it says."""

import math
from pathlib import Path
from typing import cast

import pytest
import yaml

from dreamrelation import config
from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.cli import main
from dreamrelation.forecast.cards import Card
from dreamrelation.forecast.counting import Counter
from dreamrelation.forecast.experiment import Forecaster
from dreamrelation.forecast.modes import GATHERED, Mode, modes_of
from dreamrelation.forecast.text import told
from dreamrelation.forecast.work import Forecast, Trial, taken
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.settings.methods import TrainedMethodSettings

REPOSITORY = Path(__file__).parents[2]


DIRECT = {"kind": "lora", "placement": {"direct": ["value"]}, "inference_adapters": ["direct"], "hybrid_masks": False}


@pytest.fixture(scope="module")
def experiment(random_mochi: MochiSettings) -> ExperimentSettings:
    """The demo's on a tiny model, with two methods more."""
    own = {
        "relations": ["hugging", "kicking"],
        "model": {"path": random_mochi.path},
        "methods": {
            "direct_lora": None,
            "dreamrelation": None,
            "reversion": {"kind": "textual_inversion", "steps": 70},
            "twice": {**DIRECT, "accumulation": 2},
            "once": DIRECT,
        },
        "analysis": {"attention": None, "strength": None},
    }
    return config.load([REPOSITORY / "config.yaml"], last=own)


@pytest.fixture(scope="module")
def counter(experiment: ExperimentSettings) -> Counter:
    return Counter(experiment.model, experiment.machine)


def on(experiment: ExperimentSettings, counter: Counter, memory: float) -> Forecast:
    return Forecaster(experiment, counter, Card("test", memory, 1e-3, "nowhere"), 0.5).forecast()


def test_the_sum_is_that_of_all_pieces(experiment: ExperimentSettings, counter: Counter) -> None:
    found = on(experiment, counter, 24)
    works = {(work.stage, work.method): work for work in found.works}
    trained = {"reversion", "twice", "once"}
    assert {method for stage, method in works if stage == "train"} == trained
    assert {method for stage, method in works if stage == "generate"} == trained | {"base"}
    assert works["train", "reversion"].pieces == 2 * 70 and works["generate", "base"].pieces == 2 * 8
    assert works["latents", ""].pieces == 2 * 10
    for work in found.works:
        assert work.seconds == pytest.approx(work.flops / (1e9 * 0.5)), work
    assert found.hours == pytest.approx(sum(work.pieces * work.seconds for work in found.works) / 3600)
    assert works["train", "twice"].flops == 2 * works["train", "once"].flops, "two passes a step"
    assert found.not_counted == {}
    text = told(found)
    assert "Take gradient_checkpointing: false, precision.denoiser: float32" in text
    assert f"{found.hours:.3g}" in text


def by_two(experiment: ExperimentSettings) -> ExperimentSettings:
    """The same with two cards for each training, a batch that they can share, and two that they cannot."""
    settings = experiment.model_dump()
    settings["machine"]["training_processes"] = 2
    for name, batch in (("reversion", 1), ("twice", 3), ("once", 4)):
        settings["methods"][name]["batch_size"] = batch
    return config.from_mapping(settings, "test")


def test_several_cards_share_a_training(experiment: ExperimentSettings, counter: Counter) -> None:
    one, two = (on(each, counter, 24) for each in (experiment, by_two(experiment)))
    whole, shared = (next(w for w in found.works if (w.stage, w.method) == ("train", "once")) for found in (one, two))
    assert (whole.cards, shared.cards, shared.pieces) == (1, 2, whole.pieces)
    assert shared.flops == pytest.approx(whole.flops, rel=0.05) and shared.memory < whole.memory
    assert shared.seconds == pytest.approx(shared.flops / 2 / (1e9 * 0.5))
    assert shared.hours == pytest.approx(2 * shared.pieces * shared.seconds / 3600)
    assert {name: why.partition(" cannot")[2] for name, why in two.not_counted.items()} == {
        "reversion": " share a batch of 1 evenly",
        "twice": " share a batch of 3 evenly",
    }
    assert "once by 2 processes, each on a card of its own" in told(two) and "on 2 cards" in told(two)


def test_tokens_of_a_model_that_does_not_divide_them_are_not_counted(
    experiment: ExperimentSettings, counter: Counter
) -> None:
    settings = by_two(experiment)
    machine = settings.machine.model_copy(update={"split_videos": True})
    found = on(settings.model_copy(update={"machine": machine}), counter, 24)
    assert set(found.not_counted.values()) == {"machine.split_videos: Mochi cannot be divided among processes"}
    assert [work.stage for work in found.works] == ["latents", "generate"], "of what is not trained"


def test_weights_are_divided_where_they_do_not_fit(experiment: ExperimentSettings, counter: Counter) -> None:
    forecaster = Forecaster(by_two(experiment), counter, Card("test", 24, 1e-3, "nowhere"), 0.5)
    ways, _ = forecaster.ways_to_train(cast(TrainedMethodSettings, forecaster.experiment.methods["once"]))
    weights, (plain, divided) = counter.weights, ways[:2]
    assert (plain.mode.divided_by, divided.mode.divided_by) == (1, 2)
    saved = weights.blocks - math.ceil(weights.blocks / 2) - GATHERED * weights.largest_block
    assert plain.memory - divided.memory == saved


def test_disk_is_that_of_numbers_and_files(experiment: ExperimentSettings, counter: Counter) -> None:
    found = on(experiment, counter, 24)
    cells = 4 * 8 * 12
    assert found.disk["latents"] == 2 * 10 * (2 * 12 + 3) * cells * 2
    state, adapters = found.disk["state of the largest unfinished training"], found.disk["adapters"]
    assert 0 < state < 3 * adapters


def test_a_card_that_is_too_small_is_said(experiment: ExperimentSettings, counter: Counter) -> None:
    text = told(on(experiment, counter, 1e-6))
    assert "does not fit" in text and "None fits: fewer or smaller frames" in text


def test_the_first_way_that_fits_is_taken() -> None:
    ways = [Trial(mode, 1, 1.0, 1, fits=mode.stream) for mode in modes_of("bfloat16")]
    way = taken(ways)
    assert way is not None and way.mode == Mode(1, "bfloat16", stream=True)
    assert taken([Trial(Mode(0, "bfloat16"), 1, 1.0, 1, fits=False)]) is None


@pytest.mark.parametrize("flag", ["--vram", "--rate", "--share"])
def test_numbers_that_are_none_are_refused(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--config", str(REPOSITORY / "config.yaml"), "--card", "h100", flag, "0"]) == 1
    assert f"{flag} is 0, expected a number above 0" in capsys.readouterr().err


def test_a_method_that_needs_files_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    methods = {"direct_lora": None, "dreamrelation": None, "reversion": {"kind": "textual_inversion"}}
    small = {"clips": {"pixel_frames": [13], "height": 64, "width": 64}}
    looked_into = {"analysis": {"attention": None, "strength": None}}
    own.write_text(yaml.safe_dump({"methods": methods, **small, **looked_into}))
    configurations = [REPOSITORY / "config.yaml", REPOSITORY / "configs/ntu_mochi.yaml", own]
    assert main(["plan", "--config", *map(str, configurations), "--card", "h100"]) == 0
    assert "Not counted, reversion: model.path 'genmo/mochi-1-preview': the sizes of" in capsys.readouterr().out
