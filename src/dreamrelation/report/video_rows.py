"""Rows of generated videos, the methods side by side: a few cases first, and every prompt and seed to choose from."""

from dataclasses import dataclass

from dreamrelation.paper import method_label
from dreamrelation.report.cases import chosen_cases, ordered_cases
from dreamrelation.report.inputs import RelationResults, Video
from dreamrelation.report.video_cells import VideoCell, VideoCells, verdict_metric


@dataclass(frozen=True)
class Made:
    """What one method made of a prompt and repeat."""

    method: str
    label: str
    cell: VideoCell


@dataclass(frozen=True)
class Choice:
    """One prompt and repeat that can be chosen, as every method made it."""

    prompt_number: int
    """From 1, in the order in which they were generated."""
    seed_number: int
    """From 1, of this prompt's repeats."""
    prompt: str
    seed: int
    made: list[Made]

    @property
    def fragment(self) -> str:
        """The part of the page's address that chooses it."""
        return f"prompt={self.prompt_number}&seed={self.seed_number}"


@dataclass(frozen=True)
class ShownCase:
    """One prompt and repeat, as every method made it."""

    title: str
    """Best, Median or Worst."""
    prompt: str
    yes: int
    """Methods of whose video the metric says yes."""
    made: list[Made]


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
        yes = sum(video.scores[metric].value == 1 for video in case.videos)
        shown.append(ShownCase(title, case.prompt, yes, _made(results, case.videos, cells)))
    return Cases(shown, len(ordered), len(results.methods[0].videos))


def choices(results: RelationResults, prompts: list[str], cells: VideoCells) -> list[Choice]:
    """Every repeat of these prompts, in order."""
    of_methods = [{(video.row.prompt, video.row.repeat): video for video in one.videos} for one in results.methods]
    found = []
    for number, prompt in enumerate(prompts, 1):
        repeats = sorted(repeat for text, repeat in of_methods[0] if text == prompt)
        for seed_number, repeat in enumerate(repeats, 1):
            videos = [of_method[prompt, repeat] for of_method in of_methods]
            made = _made(results, videos, cells)
            found.append(Choice(number, seed_number, prompt, videos[0].row.seed, made))
    return found


def _made(results: RelationResults, videos: list[Video], cells: VideoCells) -> list[Made]:
    """`videos`: one of each method."""
    pairs = zip(results.methods, videos, strict=True)
    return [Made(method.name, method_label(method.name), cells.of(method.name, video)) for method, video in pairs]
