"""What several tests of the evaluation need."""

from pathlib import Path

import pytest

from dreamrelation import config
from dreamrelation.settings.experiment import ExperimentSettings


@pytest.fixture
def experiment_settings() -> ExperimentSettings:
    """The default experiment."""
    return config.load([Path(__file__).parents[2] / "config.yaml"])
