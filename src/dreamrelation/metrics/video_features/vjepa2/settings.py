"""Settings of V-JEPA 2."""

from typing import ClassVar, Literal

from dreamrelation.local_models import folder_files
from dreamrelation.settings.features import FeatureSettings


class VJEPA2Settings(FeatureSettings):
    """V-JEPA 2's tokens of a video, averaged."""

    implementation: ClassVar[str] = "dreamrelation.metrics.video_features.vjepa2.features:VJEPA2"

    kind: Literal["vjepa2"] = "vjepa2"
    path: str = "facebook/vjepa2-vitl-fpc64-256"
    """Hub id or local folder."""
    revision: str | None = None
    """Commit of the hub's model; `None`: the newest."""

    def files(self) -> list[str]:
        return folder_files(self.path)
