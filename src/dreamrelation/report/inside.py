"""What the analysis found inside the model, whatever the relation."""

from dataclasses import dataclass

from dreamrelation.report.analysis_files import AnalysisFiles
from dreamrelation.report.media import MediaFolder


@dataclass(frozen=True)
class Inside:
    """The section of the overview; addresses of pictures."""

    subspaces: str | None
    feature_maps: str | None

    @property
    def shown(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.subspaces or self.feature_maps)


def inside(files: AnalysisFiles, media: MediaFolder) -> Inside:
    """The section; pictures are copied."""
    return Inside(
        subspaces=None if files.subspaces is None else media.copy_picture(files.subspaces, "analysis"),
        feature_maps=None if files.feature_maps is None else media.copy_picture(files.feature_maps, "analysis"),
    )
