"""Rows of generated videos, the methods side by side: a few cases first, then prompt by prompt."""

from dataclasses import dataclass

from dreamrelation.paper import method_label
from dreamrelation.report.cases import chosen_cases, ordered_cases
from dreamrelation.report.inputs import RelationResults
from dreamrelation.report.video_cells import VideoCell, VideoCells, verdict_metric

MethodCells = list[tuple[str, list[VideoCell]]]
"""Method label → its videos."""


@dataclass(frozen=True)
class ShownCase:
    """One prompt and repeat, as every method made it."""

    title: str
    """Best, Median or Worst."""
    prompt: str
    yes: int
    """Methods of whose video the metric says yes."""
    methods: MethodCells


@dataclass(frozen=True)
class Cases:
    """The cases that stand before all videos."""

    shown: list[ShownCase]
    judged: int
    """Cases in which every method's video was judged, out of which those are chosen."""
    total: int


def shown_cases(results: RelationResults, cells: VideoCells) -> Cases | None:
    """None where no metric says yes or no, or there is no case in which every method's video was judged."""
    metric = verdict_metric(results.evaluation.metrics)
    ordered = [] if metric is None else ordered_cases(results.methods, metric)
    if metric is None or not ordered:
        return None
    shown = []
    for title, case in chosen_cases(ordered):
        made = zip(results.methods, case.videos, strict=True)
        of_methods = [(method_label(method.name), [cells.of(method.name, video)]) for method, video in made]
        yes = sum(video.scores[metric].value == 1 for video in case.videos)
        shown.append(ShownCase(title, case.prompt, yes, of_methods))
    return Cases(shown, len(ordered), len(results.methods[0].videos))


def prompt_row(results: RelationResults, prompt: str, cells: VideoCells) -> MethodCells:
    """All videos of a prompt."""
    of_methods = []
    for method in results.methods:
        videos = [video for video in method.videos if video.row.prompt == prompt]
        videos.sort(key=lambda video: video.row.repeat)
        of_methods.append((method_label(method.name), [cells.of(method.name, video) for video in videos]))
    return of_methods
