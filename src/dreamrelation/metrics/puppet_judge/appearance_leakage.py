"""Appearance leakage: is somebody of the exemplars' kind seen whom the prompt does not name?

All exemplars show persons. A method that has learned how they look, and not only what they do, puts them, or their
heads and clothes, where the prompt has animals.
"""

from pathlib import Path

from dreamrelation.metrics.interface import MetricInfo, Score, VideoSample
from dreamrelation.metrics.puppet_judge.judge import Judge
from dreamrelation.metrics.puppet_judge.settings import AppearanceLeakageSettings
from dreamrelation.settings.machine import MachineSettings


class AppearanceLeakage:
    """1 where either figure is of the exemplars' kind. The base model's own share tells what is no leakage."""

    info = MetricInfo(
        label="Appearance leakage",
        about="videos in which the judge sees somebody who is in the exemplars and not in the prompt",
        unit="%",
        better="lower",
        low=0.0,
        high=1.0,
        is_share=True,
    )

    def __init__(self, settings: AppearanceLeakageSettings, machine: MachineSettings) -> None:
        self.judge, self.exemplars = Judge(Path(settings.judge)), settings.exemplars
        self.judge.check_kind(settings.exemplars)

    @property
    def note(self) -> str:
        return self.judge.note

    def score(self, video: VideoSample) -> Score:
        """No value where the prompt names one of the exemplars' kind, or somebody whom the judge has never seen."""
        if self.exemplars in video.subjects:
            return Score(None, f"the prompt itself names a {self.exemplars}")
        strangers = self.judge.strangers(video.subjects)
        if strangers:
            return Score(None, strangers)
        opinion = self.judge.ask(video.frames)
        seen = self.exemplars in (opinion.left, opinion.right)
        neither = (1 - opinion.left_kinds[self.exemplars]) * (1 - opinion.right_kinds[self.exemplars])
        return Score(float(seen), f"saw {opinion.left} and {opinion.right}; {self.judge.name}", 1 - neither)
