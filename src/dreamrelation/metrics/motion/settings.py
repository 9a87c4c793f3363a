"""Settings of the metrics of motion."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from dreamrelation.settings.metrics import MetricSettings


class MotionSettings(MetricSettings):
    """Mean length of the optical flow."""

    implementation: ClassVar[str] = "dreamrelation.metrics.motion.metric:Motion"

    kind: Literal["motion"] = "motion"


class MotionSimilaritySettings(MetricSettings):
    """How alike the movements are to those of the relation's real clips, by patterns of optical flow."""

    compares_sets: ClassVar[bool] = True
    implementation: ClassVar[str] = "dreamrelation.metrics.motion.similarity:MotionSimilarity"

    kind: Literal["motion_similarity"] = "motion_similarity"
    times: Annotated[int, Field(ge=1, le=64)] = 4
    """Parts of a video's duration."""
    rows: Annotated[int, Field(ge=1, le=64)] = 4
    """Fields of the picture, from top to bottom."""
    columns: Annotated[int, Field(ge=1, le=64)] = 6
    """Fields of the picture, from left to right."""
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Of its interval."""


class DynamicDegreeSettings(MetricSettings):
    """Whether something moves much."""

    implementation: ClassVar[str] = "dreamrelation.metrics.motion.dynamic_degree:DynamicDegree"

    kind: Literal["dynamic_degree"] = "dynamic_degree"
    threshold: Annotated[float, Field(gt=0, le=1)] = 0.0234
    """Motion of the fastest twentieth of the pixels, from a frame to the next, as a share of the shorter side: VBench
    has 6 of 256 pixels, at 8 frames a second."""
    frame_share: Annotated[float, Field(gt=0, le=1)] = 0.25
    """Share of the frames in which it must be above the threshold; VBench has 4 of 16."""
