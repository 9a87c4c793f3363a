"""What each stage is given that sums up, compares and shows: see `stages`."""

from typing import Self

from dreamrelation.settings.base import Name
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.metrics import IntervalSettings
from dreamrelation.settings.stages import NOTHING, Chosen, StageSettings


class SummariseStage(StageSettings):
    """All scores of one relation."""

    experiment: Name
    seed: int
    intervals: IntervalSettings

    @classmethod
    def of(cls, experiment: ExperimentSettings, chosen: Chosen = NOTHING) -> Self:
        return cls(experiment=experiment.experiment, seed=experiment.seed, intervals=experiment.intervals)


class CompareStage(StageSettings):
    """All scores of all relations."""

    seed: int
    intervals: IntervalSettings

    @classmethod
    def of(cls, experiment: ExperimentSettings, chosen: Chosen = NOTHING) -> Self:
        return cls(seed=experiment.seed, intervals=experiment.intervals)


class TableStage(StageSettings):
    """The scores of the methods of one of the paper's tables."""

    seed: int
    intervals: IntervalSettings
    papers_world: bool

    @classmethod
    def of(cls, experiment: ExperimentSettings, chosen: Chosen = NOTHING) -> Self:
        world = experiment.report.papers_world
        return cls(seed=experiment.seed, intervals=experiment.intervals, papers_world=world)


class StudyTableStage(StageSettings):
    """The table of what the raters of the user study said."""

    experiment: Name

    @classmethod
    def of(cls, experiment: ExperimentSettings, chosen: Chosen = NOTHING) -> Self:
        return cls(experiment=experiment.experiment)


class ReportStage(StageSettings):
    """The page, which shows everything."""

    experiment: ExperimentSettings

    @classmethod
    def of(cls, experiment: ExperimentSettings, chosen: Chosen = NOTHING) -> Self:
        return cls(experiment=experiment.model_copy(update={"machine": MachineSettings()}))
