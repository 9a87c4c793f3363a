"""The small theatre that tests of several stages share."""

from pathlib import Path

import pytest

from dreamrelation import config
from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.settings.stages import PuppetsStage
from dreamrelation.stages import puppets
from tests.small_mochi import write_random_mochi

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def theatre_settings(tmp_path_factory: pytest.TempPathFactory) -> ExperimentSettings:
    """The default experiment with two relations and few clips; its folders are temporary and still empty."""
    folder = tmp_path_factory.mktemp("theatre") / "ntu"
    small = {
        "relations": ["shaking_hands", "kicking"],
        "puppets": {"folder": str(folder), "good_clips": 5},
        "data": {
            "videos": str(folder / "nturgb+d_rgb"),
            "skeletons": str(folder / "nturgb+d_skeletons"),
            "captions": str(folder / "captions.tsv"),
        },
        "clips": {"per_relation": 4, "minimum": 3},
        "masks": {"truth": str(folder / "true_masks.parquet")},
    }
    return config.load([REPOSITORY / "config.yaml"], last=small)


@pytest.fixture(scope="session")
def theatre(theatre_settings: ExperimentSettings) -> Path:
    """The folder of the played data set of `theatre_settings`; tests must not change it."""
    assert theatre_settings.puppets is not None
    puppets.run(settings=PuppetsStage.of(theatre_settings))
    return Path(theatre_settings.puppets.folder)


@pytest.fixture(scope="session")
def random_mochi(tmp_path_factory: pytest.TempPathFactory) -> MochiSettings:
    """Settings that open a tiny Mochi with random weights; tests must not change its folder."""
    return write_random_mochi(tmp_path_factory.mktemp("random_mochi"))
