"""Settings of the metrics that CLIP takes."""

from typing import ClassVar, Literal

from dreamrelation.local_models import folder_files
from dreamrelation.settings.metrics import MetricSettings


class ClipSettings(MetricSettings):
    """A metric of CLIP."""

    path: str = "openai/clip-vit-base-patch32"
    """Hub id or local folder of CLIP."""

    def files(self) -> list[str]:
        return folder_files(self.path)


class ClipTextSettings(ClipSettings):
    """CLIP-T: how well frames fit the prompt."""

    implementation: ClassVar[str] = "dreamrelation.metrics.clip.clip_text:ClipText"

    kind: Literal["clip_t"] = "clip_t"


class TemporalConsistencySettings(ClipSettings):
    """Similarity of neighbouring frames, as CLIP sees them."""

    implementation: ClassVar[str] = "dreamrelation.metrics.clip.temporal_consistency:TemporalConsistency"

    kind: Literal["clip_temporal_consistency"] = "clip_temporal_consistency"


class BackgroundConsistencySettings(ClipSettings):
    """How well the background stays, as CLIP sees it."""

    implementation: ClassVar[str] = "dreamrelation.metrics.clip.background_consistency:BackgroundConsistency"

    kind: Literal["background_consistency"] = "background_consistency"
