"""What the analysis found of one relation: where its words look, how strongly it is applied, what was learned."""

import csv
from dataclasses import dataclass

from dreamrelation.errors import UserError
from dreamrelation.files import file_sha256
from dreamrelation.paper import method_label
from dreamrelation.report.analysis_files import AnalysisFiles, OfMethod
from dreamrelation.report.media import MediaFolder, PageVideo


@dataclass(frozen=True)
class Shown:
    """A video about one method."""

    caption: str
    video: PageVideo
    label: str
    """What the video shows, for those who do not see it."""


@dataclass(frozen=True)
class InsideRelation:
    """The section of a relation's page."""

    attention: list[Shown]
    strength: list[Shown]
    learned: list[tuple[str, str]]
    """Method label and address of the figure."""

    @property
    def shown(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.attention or self.strength or self.learned)


def inside_relation(files: AnalysisFiles, slug: str, title: str, media: MediaFolder) -> InsideRelation:
    """The section; pictures and videos are copied. Raises UserError where a table of attention lacks its means."""
    return InsideRelation(
        attention=[_attention(one, title, media) for one in files.attention if one.relation == slug],
        strength=[_strength(one, title, media) for one in files.strength if one.relation == slug],
        learned=[
            (method_label(one.method), media.copy_picture(one.files[0], _place(one)))
            for one in files.learned
            if one.relation == slug
        ],
    )


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
            f"{label}. Inside the masks, {_percent(area)} of the picture, is {_with_limits(means['base'])} of"
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
        caption=f"{method_label(one.method)}.",
        video=media.copy_video(video, file_sha256(video), _place(one)),
        label=f"The same video with what was learned applied more and more strongly: {named}",
    )


def _place(one: OfMethod) -> str:
    return f"{one.relation}/analysis/{one.method}"


def _with_limits(row: dict[str, str]) -> str:
    mean, low, high = (float(row[name]) for name in ("inside", "low", "high"))
    return f"{_percent(mean)} ({_percent(low)} to {_percent(high)})"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"
