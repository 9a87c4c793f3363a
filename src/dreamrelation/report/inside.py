"""What the analysis found inside the model, for the page."""

import csv
from dataclasses import dataclass
from pathlib import Path

from dreamrelation.errors import UserError
from dreamrelation.files import file_sha256
from dreamrelation.paper import method_label
from dreamrelation.report.earlier_stages import existing
from dreamrelation.report.media import MediaFolder, PageVideo
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


@dataclass(frozen=True)
class Shown:
    """A video about one relation and one method."""

    caption: str
    video: PageVideo
    label: str
    """What the video shows, for those who do not see it."""


@dataclass(frozen=True)
class Inside:
    """The section of the page; addresses of pictures."""

    subspaces: str | None
    feature_maps: str | None
    attention: list[Shown]
    strength: list[Shown]
    learned: list[tuple[str, str]]
    """Title and figure."""

    @property
    def shown(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.subspaces or self.feature_maps or self.attention or self.strength or self.learned)


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


def inside(files: AnalysisFiles, titles: dict[str, str], media: MediaFolder) -> Inside:
    """The section; pictures and videos are copied. `titles`: relation → what it is called on the page.

    Raises UserError where a table of attention lacks its means.
    """
    return Inside(
        subspaces=None if files.subspaces is None else media.copy_picture(files.subspaces, "analysis"),
        feature_maps=None if files.feature_maps is None else media.copy_picture(files.feature_maps, "analysis"),
        attention=[_attention(one, titles[one.relation], media) for one in files.attention],
        strength=[_strength(one, titles[one.relation], media) for one in files.strength],
        learned=[
            (
                f"{titles[one.relation]}, {method_label(one.method)}",
                media.copy_picture(one.files[0], _place(one)),
            )
            for one in files.learned
        ],
    )


def _of_methods(
    settings: ExperimentSettings, results: Path, methods: tuple[str, ...] | list[str], names: tuple[str, ...]
) -> list[OfMethod]:
    return [
        OfMethod(slug, method, tuple(existing(results / slug / method / name) for name in names))
        for slug in settings.relations
        for method in methods
    ]


def _attention(one: OfMethod, title: str, media: MediaFolder) -> Shown:
    table, video = one.files
    with table.open(newline="", encoding="utf-8") as file:
        means = {row["model"]: row for row in csv.DictReader(file) if row.get("clip") == "mean"}
    missing = {"base", one.method, "difference"} - means.keys()
    if missing:
        raise UserError(f"{table}: found no mean of {sorted(missing)[0]}, expected it")
    area = float(means["base"]["area"])
    label = method_label(one.method)
    return Shown(
        caption=(
            f"{title}, {label}. Inside the masks, {_percent(area)} of the picture, is {_with_limits(means['base'])} of"
            f" the words' attention in the base model and {_with_limits(means[one.method])} with {label}; the"
            f" difference is {_with_limits(means['difference'])}."
        ),
        video=media.copy_video(video, file_sha256(video), _place(one)),
        label=f"Clips of {title.lower()}, and where its words look in the base model and with {label}",
    )


def _strength(one: OfMethod, title: str, media: MediaFolder) -> Shown:
    (video,) = one.files
    named = f"{title}, {method_label(one.method)}"
    return Shown(
        caption=f"{named}.",
        video=media.copy_video(video, file_sha256(video), _place(one)),
        label=f"The same video with what was learned applied more and more strongly: {named}",
    )


def _place(one: OfMethod) -> str:
    return f"analysis/{one.relation}/{one.method}"


def _with_limits(row: dict[str, str]) -> str:
    mean, low, high = (float(row[name]) for name in ("inside", "low", "high"))
    return f"{_percent(mean)} ({_percent(low)} to {_percent(high)})"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"
