"""What several tests of the metrics need."""

from pathlib import Path

import pytest
from tests.metrics.judges import write_judge

from dreamrelation import config
from dreamrelation.settings.experiment import ExperimentSettings


@pytest.fixture(scope="session")
def experiment_settings() -> ExperimentSettings:
    """The default experiment."""
    return config.load([Path(__file__).parents[2] / "config.yaml"])


@pytest.fixture(scope="session")
def judge_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A judge that sees hugging, a cat on the left and a dog on the right, whatever it is shown. Read only."""
    return write_judge(tmp_path_factory.mktemp("judge"), "hugging", "cat", "dog")
