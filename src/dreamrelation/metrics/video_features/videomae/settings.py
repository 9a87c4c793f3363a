"""Settings of VideoMAE."""

from typing import ClassVar, Literal

from dreamrelation.local_models import folder_files
from dreamrelation.settings.features import FeatureSettings


class VideoMAESettings(FeatureSettings):
    """VideoMAE's tokens of a video, averaged."""

    implementation: ClassVar[str] = "dreamrelation.metrics.video_features.videomae.features:VideoMAE"

    kind: Literal["videomae"] = "videomae"
    path: str = "MCG-NJU/videomae-base-finetuned-kinetics"
    """Hub id or local folder."""
    revision: str | None = None
    """Commit of the hub's model; `None`: the newest."""

    def files(self) -> list[str]:
        return folder_files(self.path)
