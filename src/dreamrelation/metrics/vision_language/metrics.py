"""The metrics: one question, asked several times, about each video."""

import hashlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np

from dreamrelation.files import fingerprint
from dreamrelation.metrics.interface import MetricInfo, Score, VideoSample
from dreamrelation.metrics.judges.interface import Answer, Question, VisionLanguageJudge
from dreamrelation.metrics.vision_language.answers import chosen, value_of
from dreamrelation.metrics.vision_language.kept_answers import Asked, KeptAnswers
from dreamrelation.metrics.vision_language.key_frames import key_frames
from dreamrelation.metrics.vision_language.question import GRADES, YES_OR_NO, wording
from dreamrelation.metrics.vision_language.settings import VisionLanguageSettings
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.registry import implementation_of

ATTEMPTS = 2
"""A pass whose answer is none is asked once more."""


class AskedMetric:
    """Asks a judge about key frames, pass by pass. What is asked and what answers stand for is a subclass's."""

    values: ClassVar[dict[str, float]]
    """What each choice stands for, 0 to 1."""
    ending: ClassVar[str]
    """Of the question."""

    def __init__(self, settings: VisionLanguageSettings, machine: MachineSettings) -> None:
        self.settings = settings
        self.judge: VisionLanguageJudge = implementation_of(settings.judge)(settings.judge, machine)
        self.kept = KeptAnswers()
        self.passes = settings.passes if self.judge.draws else 1

    def keep_answers_in(self, path: Path) -> None:
        self.kept = KeptAnswers(path)

    @property
    def note(self) -> str:
        frames = f"{self.settings.frame_count} key frames ({self.settings.key_frames})"
        times = "once" if self.passes == 1 else f"{self.passes} times"
        return (
            f"By {self.judge.name}, shown {frames} of each video and asked {times}. Such judges lean to yes: read it"
            " beside what they say of real clips. Answers that are none are left out and counted."
        )

    def score(self, video: VideoSample) -> Score:
        """Mean over the passes that were answered; none where no pass was."""
        numbers = key_frames(len(video.frames), self.settings.frame_count, self.settings.key_frames)
        text = wording(video.relation, video.subjects, len(numbers), self.settings.signs, self.ending)
        ask = partial(self._pass, video.name, video.frames[numbers], Question(text, tuple(self.values)))
        with ThreadPoolExecutor(self.judge.at_once) as threads:
            answers = list(threads.map(ask, range(self.passes)))
        passes = tuple(value_of(answer, self.values) for answer in answers)
        known = [value for value in passes if value is not None]
        how = f"{_told(answers, tuple(self.values))}; frames {', '.join(map(str, numbers))}; {self.judge.name}"
        return Score(sum(known) / len(known) if known else None, how, passes=passes)

    def _pass(self, name: str, pictures: np.ndarray, question: Question, number: int) -> Answer:
        answer = Answer("")
        for attempt in range(ATTEMPTS):
            seed = number * ATTEMPTS + attempt
            asked = Asked(self._key(pictures, question, seed), name)
            answer = self.kept.get(asked)
            if answer is None:
                answer = self.judge.ask(pictures, question, seed)
                self.kept.keep(asked, answer)
            if value_of(answer, self.values) is not None:
                break
        return answer

    def _key(self, pictures: np.ndarray, question: Question, seed: int) -> str:
        shown = hashlib.sha256(np.ascontiguousarray(pictures).tobytes()).hexdigest()
        facts = {"judge": self.settings.judge.kind, **self.judge.facts}
        return fingerprint(pictures=[*pictures.shape, shown], question=question.text, seed=seed, **facts)


class RelationAccuracy(AskedMetric):
    """Share of the passes in which the judge says that the video shows the relation between the two subjects."""

    values: ClassVar = {"yes": 1.0, "no": 0.0}
    ending: ClassVar = YES_OR_NO
    info: ClassVar = MetricInfo(
        label="Relation accuracy",
        about="videos in which a vision-language model sees the relation between the two subjects",
        unit="%",
        better="higher",
        low=0.0,
        high=1.0,
        is_share=True,
    )


class RelationGrade(AskedMetric):
    """The judge's grade, 1 to 5, as 0 to 1."""

    values: ClassVar = {str(grade): (grade - 1) / 4 for grade in range(1, 6)}
    ending: ClassVar = GRADES
    info: ClassVar = MetricInfo(
        label="Relation grade",
        about="how well a vision-language model finds the relation shown; 0 % is grade 1 of 5, 100 % grade 5",
        unit="%",
        better="higher",
        low=0.0,
        high=1.0,
    )


def _told(answers: list[Answer], choices: tuple[str, ...]) -> str:
    """Such as "yes 8, no 1, invalid 1 ('maybe')"."""
    if any(answer.shares for answer in answers):
        likely = {choice: np.mean([answer.shares.get(choice, 0.0) for answer in answers]) for choice in choices}
        return ", ".join(f"{choice} {share:.3f}" for choice, share in likely.items())
    said = [chosen(answer.text, choices) for answer in answers]
    counts = Counter(choice for choice in said if choice is not None)
    parts = [f"{choice} {counts[choice]}" for choice in choices if counts[choice]]
    invalid = [answer.text for answer, choice in zip(answers, said, strict=True) if choice is None]
    if invalid:
        parts.append(f"invalid {len(invalid)} ({invalid[0][:60]!r})")
    return ", ".join(parts)
