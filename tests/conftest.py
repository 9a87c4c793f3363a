"""The small theatre that tests of several stages share."""

from pathlib import Path

import pytest

from dreamrelation import config
from dreamrelation.backbones.cogvideox.settings import CogVideoX2BSettings, CogVideoXSettings
from dreamrelation.backbones.hunyuan_video.settings import HunyuanVideoSettings
from dreamrelation.backbones.ltx2.settings import Ltx2Settings
from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.backbones.wan.settings import Wan22Of5BSettings, Wan22OfA14BSettings, WanSettings
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.settings.stages import PuppetsStage
from dreamrelation.stages import puppets
from tests.small_cogvideox import write_random_cogvideox, write_random_cogvideox_2b
from tests.small_hunyuan_video import write_random_hunyuan_video
from tests.small_ltx2 import write_random_ltx2
from tests.small_mochi import write_random_mochi
from tests.small_wan import write_random_wan, write_random_wan_2_2_5b, write_random_wan_2_2_a14b
from tests.tiny_models import KINDS, Kind

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


@pytest.fixture(scope="session")
def random_wan(tmp_path_factory: pytest.TempPathFactory) -> WanSettings:
    """Settings that open a tiny Wan 2.1 with random weights; tests must not change its folder."""
    return write_random_wan(tmp_path_factory.mktemp("random_wan"))


@pytest.fixture(scope="session")
def random_wan_2_2_5b(tmp_path_factory: pytest.TempPathFactory) -> Wan22Of5BSettings:
    """The same of Wan 2.2 5B."""
    return write_random_wan_2_2_5b(tmp_path_factory.mktemp("random_wan_2_2_5b"))


@pytest.fixture(scope="session")
def random_wan_2_2_a14b(tmp_path_factory: pytest.TempPathFactory) -> Wan22OfA14BSettings:
    """The same of Wan 2.2 A14B."""
    return write_random_wan_2_2_a14b(tmp_path_factory.mktemp("random_wan_2_2_a14b"))


@pytest.fixture(scope="session")
def random_cogvideox(tmp_path_factory: pytest.TempPathFactory) -> CogVideoXSettings:
    """Settings that open a tiny CogVideoX, built as the 5B, with random weights; tests must not change its folder."""
    return write_random_cogvideox(tmp_path_factory.mktemp("random_cogvideox"))


@pytest.fixture(scope="session")
def random_cogvideox_2b(tmp_path_factory: pytest.TempPathFactory) -> CogVideoX2BSettings:
    """The same built as the 2B."""
    return write_random_cogvideox_2b(tmp_path_factory.mktemp("random_cogvideox_2b"))


@pytest.fixture(scope="session")
def random_hunyuan_video(tmp_path_factory: pytest.TempPathFactory) -> HunyuanVideoSettings:
    """Settings that open a tiny HunyuanVideo with random weights; tests must not change its folder."""
    return write_random_hunyuan_video(tmp_path_factory.mktemp("random_hunyuan_video"))


@pytest.fixture(scope="session")
def random_ltx2(tmp_path_factory: pytest.TempPathFactory) -> Ltx2Settings:
    """Settings that open a tiny LTX-2 with random weights; tests must not change its folder."""
    return write_random_ltx2(tmp_path_factory.mktemp("random_ltx2"))


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Every backbone in turn, as a tiny model."""
    return Kind(request.getfixturevalue(f"random_{request.param}"))
