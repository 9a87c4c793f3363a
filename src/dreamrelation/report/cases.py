"""The cases of a relation that are shown first: chosen by a rule that looks at all methods alike."""

from dataclasses import dataclass
from statistics import fmean

from dreamrelation.report.inputs import Method, Video


@dataclass(frozen=True)
class Case:
    """One prompt and repeat, as every method made it."""

    repeat: int
    videos: list[Video]
    """One of each method, in their order."""

    @property
    def prompt(self) -> str:
        return self.videos[0].row.prompt

    def value(self, metric: str) -> float:
        """The mean over the methods of what a metric says."""
        return fmean(_known([video.scores[metric].value for video in self.videos]))

    def confidence(self, metric: str) -> float:
        """The mean over the methods of how sure a metric is; 0 where it does not tell."""
        known = _known([video.scores[metric].confidence for video in self.videos])
        return fmean(known) if known else 0.0


def ordered_cases(methods: list[Method], metric: str) -> list[Case]:
    """The best first: by the mean value, then by the mean confidence, then by prompt, as generated, and repeat.

    Cases in which a method has no value are left out: without it, their mean is not one over all methods.
    """
    prompts = {prompt: n for n, prompt in enumerate(dict.fromkeys(video.row.prompt for video in methods[0].videos))}
    of_methods = [{(video.row.prompt, video.row.repeat): video for video in method.videos} for method in methods]
    cases = [Case(place[1], [videos[place] for videos in of_methods]) for place in of_methods[0]]
    judged = [case for case in cases if all(video.scores[metric].value is not None for video in case.videos)]
    return sorted(
        judged, key=lambda case: (-case.value(metric), -case.confidence(metric), prompts[case.prompt], case.repeat)
    )


def chosen_cases(ordered: list[Case]) -> list[tuple[str, Case]]:
    """The first, the middle and the last, each once; fewer where there are fewer."""
    if not ordered:
        return []
    titles: dict[int, str] = {}
    for title, number in (("Best", 0), ("Worst", len(ordered) - 1), ("Median", len(ordered) // 2)):
        titles.setdefault(number, title)
    return [(titles[number], ordered[number]) for number in sorted(titles)]


def _known(values: list[float | None]) -> list[float]:
    return [value for value in values if value is not None]
