"""Settings of the amount of motion."""

from typing import ClassVar, Literal

from dreamrelation.settings.metrics import MetricSettings


class MotionSettings(MetricSettings):
    """Mean length of the optical flow."""

    implementation: ClassVar[str] = "dreamrelation.metrics.motion.metric:Motion"

    kind: Literal["motion"] = "motion"
