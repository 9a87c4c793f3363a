"""Settings of the flicker."""

from typing import ClassVar, Literal

from dreamrelation.settings.metrics import MetricSettings


class FlickerSettings(MetricSettings):
    """How little neighbouring frames differ."""

    implementation: ClassVar[str] = "dreamrelation.metrics.flicker.metric:Flicker"

    kind: Literal["flicker"] = "flicker"
