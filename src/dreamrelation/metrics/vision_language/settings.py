"""Settings of the metrics for which a vision-language model is asked."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from dreamrelation.settings.base import Count
from dreamrelation.settings.judges import JudgeSettings
from dreamrelation.settings.kinds import Judge
from dreamrelation.settings.metrics import MetricSettings


class VisionLanguageSettings(MetricSettings):
    """A metric for which a judge is asked about key frames."""

    judge: Judge
    """Who is asked."""
    key_frames: Literal["spread", "ends"] = "spread"
    """Frames that the judge is shown: `spread`, evenly from the first to the last; `ends`, the first two, the middle
    one and the last two. The paper says both."""
    frame_count: Annotated[int, Field(ge=1, le=64)] = 5
    """How many."""
    passes: Annotated[int, Field(ge=1, le=100)] = 10
    """How often each video is asked about, as answers differ."""
    other_controls: Count | None = 30
    """Of the other relations at most so many clips in all, evenly of each; `None`: all that are there, which may be
    many calls."""
    signs: dict[str, str] = Field(default_factory=dict)
    """Relation → by what an observer knows it, put into the question; for relations of one's own, and in place of
    ours (`metrics/vision_language/signs.yaml`)."""

    @model_validator(mode="after")
    def _ends_are_five(self) -> "VisionLanguageSettings":
        if self.key_frames == "ends" and self.frame_count != 5:
            raise ValueError(f"frame_count is {self.frame_count}, expected 5 with `key_frames: ends`")
        return self

    @property
    def calls_per_video(self) -> int:
        judge: JudgeSettings = self.judge
        return self.passes if judge.is_remote else 0

    @property
    def frames_per_call(self) -> int:
        return self.frame_count

    def files(self) -> list[str]:
        return self.judge.files()


class VisionLanguageAccuracySettings(VisionLanguageSettings):
    """Does the video show the relation between its two subjects? The share of passes in which the judge says yes."""

    implementation: ClassVar[str] = "dreamrelation.metrics.vision_language.metrics:RelationAccuracy"

    kind: Literal["vlm_relation_accuracy"] = "vlm_relation_accuracy"


class VisionLanguageGradeSettings(VisionLanguageSettings):
    """How well does it show it, from 1 to 5? Judges that lean to yes still tell better from worse."""

    implementation: ClassVar[str] = "dreamrelation.metrics.vision_language.metrics:RelationGrade"

    kind: Literal["vlm_relation_grade"] = "vlm_relation_grade"
