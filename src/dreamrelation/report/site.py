"""The report's folder: an overview, two pages for each relation, what they share, and the media that they show."""

from concurrent.futures import Executor
from pathlib import Path

from dreamrelation import pages
from dreamrelation.pages.templates import environment, text_of
from dreamrelation.report import templates
from dreamrelation.report.clip_videos import ClipVideos, ReadClip, clip_videos
from dreamrelation.report.durations import time_text
from dreamrelation.report.exemplars import shown_exemplars
from dreamrelation.report.index_page import index_page
from dreamrelation.report.inputs import ExperimentResults, RelationResults
from dreamrelation.report.media import MediaFolder
from dreamrelation.report.overall_scores import confidence_text
from dreamrelation.report.quality import COLUMNS, quality_of
from dreamrelation.report.relation_cards import RelationCard, relation_card
from dreamrelation.report.relation_page import relation_page
from dreamrelation.report.sizes import bytes_of, size_text
from dreamrelation.report.titles import relation_title
from dreamrelation.report.video_cells import verdict_metric
from dreamrelation.settings.experiment import ExperimentSettings

OWN = ("index.html", "quality.html", "relations", "clips", "assets", "media")
"""What a report's folder may hold when it is replaced; earlier versions wrote `quality.html`."""
ASSETS = {
    "base.css": pages,
    "player.js": pages,
    "report.css": templates,
    "filter.js": templates,
    "fragment.js": templates,
    "comparison.js": templates,
    "picker.js": templates,
}


class Site:
    """Writes a report into an empty folder."""

    def __init__(
        self,
        settings: ExperimentSettings,
        results: ExperimentResults,
        folder: Path,
        read_clip: ReadClip,
        workers: Executor,
    ) -> None:
        self.settings, self.results, self.folder = settings, results, folder
        self.read_clip, self.workers = read_clip, workers
        self.media = MediaFolder(folder)
        self.templates = environment(templates)
        self.templates.filters["time"] = time_text

    def write(self) -> None:
        """Write all of it; one relation after another, so that no two of them are in memory."""
        for name, package in ASSETS.items():
            self._write(f"assets/{name}", text_of(package, name))
        cards = [self._write_relation(place) for place in range(len(self.results.relations))]
        context = index_page(self.settings, self.results, cards, self.media)
        others = bytes_of(self.folder)
        # The overview counts itself, and its length does not depend on how its size is written, to a decimal.
        own = len(self._rendered("index.html.j2", context, size=size_text(others)).encode())
        self._write("index.html", self._rendered("index.html.j2", context, size=size_text(others + own)))

    def _write_relation(self, place: int) -> RelationCard:
        results = self.results.relations[place]
        clips = self._clip_videos(results)
        page = relation_page(self.settings.report, results, self.results, clips, self.media, self.workers)
        metrics = results.evaluation.metrics
        judging, first = verdict_metric(metrics), next(iter(metrics), None)
        text = self._rendered(
            "relation.html.j2",
            root="../",
            relation=page,
            neighbours=self._neighbours(place),
            verdict=None if judging is None else metrics[judging],
            headline=None if first is None else metrics[first],
            confidence_text=confidence_text(self.results),
        )
        quality = quality_of(results, clips, self.media)
        of_clips = self._rendered("clips.html.j2", root="../", relation=quality, columns=COLUMNS)
        own = [self._write(f"relations/{page.slug}.html", text), self._write(f"clips/{page.slug}.html", of_clips)]
        return relation_card(page, results, bytes_of(self.folder / "media" / page.slug, *own))

    def _clip_videos(self, results: RelationResults) -> dict[str, ClipVideos]:
        segmented = {row.clip for row in results.masks}
        plain = shown_exemplars(results.selection, segmented, self.settings.report.exemplars)
        return clip_videos(results.selection, results.masks, plain, self.read_clip, self.media, self.workers)

    def _neighbours(self, place: int) -> list[tuple[str, str, str]]:
        """Which way, slug and title of the relations before and after; the last is before the first."""
        slugs = [one.relation.slug for one in self.results.relations]
        if len(slugs) == 1:
            return []
        around = (("previous", slugs[place - 1]), ("next", slugs[(place + 1) % len(slugs)]))
        return [(way, slug, relation_title(slug)) for way, slug in around]

    def _rendered(self, template: str, context: dict[str, object] | None = None, **more: object) -> str:
        shared = {"experiment": self.settings.experiment, "seed": self.settings.seed, "root": ""}
        return self.templates.get_template(template).render(shared | (context or {}) | more)

    def _write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path
