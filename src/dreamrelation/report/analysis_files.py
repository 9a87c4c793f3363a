"""Files of the analysis, found before anything is written."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dreamrelation.report.earlier_stages import existing
from dreamrelation.settings.experiment import ExperimentSettings


@dataclass(frozen=True)
class OfMethod:
    """Files about what one method learned of one relation."""

    relation: str
    method: str
    files: tuple[Path, ...]


@dataclass(frozen=True)
class AnalysisFiles:
    """What the analysis wrote; None or nothing for what was not asked for."""

    subspaces: Path | None
    feature_maps: Path | None
    attention: list[OfMethod]
    """Table and video."""
    strength: list[OfMethod]
    """Video."""
    learned: list[OfMethod]
    """Figure."""


def find_analysis(settings: ExperimentSettings, results: Path) -> AnalysisFiles:
    """The files of `results/{experiment}`. Raises UserError that names a missing one."""
    analysis = settings.analysis
    looked_at = () if analysis.attention is None else analysis.attention.methods
    strengthened = () if analysis.strength is None else analysis.strength.methods
    return AnalysisFiles(
        subspaces=None if analysis.subspaces is None else existing(results / "analysis/subspaces.svg"),
        feature_maps=None if analysis.feature_maps is None else existing(results / "analysis/feature_maps.png"),
        attention=_of_methods(settings, results, looked_at, ("attention.csv", "attention.mp4")),
        strength=_of_methods(settings, results, strengthened, ("strength.mp4",)),
        learned=_of_methods(settings, results, settings.exported_methods, ("learned.svg",)),
    )


def _of_methods(
    settings: ExperimentSettings, results: Path, methods: Iterable[str], names: tuple[str, ...]
) -> list[OfMethod]:
    return [
        OfMethod(slug, method, tuple(existing(results / slug / method / name) for name in names))
        for slug in settings.relations
        for method in methods
    ]
