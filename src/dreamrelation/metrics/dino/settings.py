"""Settings of the metrics that DINO takes."""

from typing import ClassVar, Literal

from dreamrelation.local_models import folder_files
from dreamrelation.settings.metrics import MetricSettings


class SubjectConsistencySettings(MetricSettings):
    """How well subjects keep their looks, as DINO sees them."""

    implementation: ClassVar[str] = "dreamrelation.metrics.dino.subject_consistency:SubjectConsistency"

    kind: Literal["subject_consistency"] = "subject_consistency"
    path: str = "facebook/dino-vitb16"
    """Hub id or local folder of DINO."""
    revision: str | None = None
    """Commit of the hub's model; `None`: the newest."""

    def files(self) -> list[str]:
        return folder_files(self.path)
