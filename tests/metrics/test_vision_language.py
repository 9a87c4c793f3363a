"""A metric that asks a judge: which frames, which words, what an answer stands for, and what is kept."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.metrics.judges import sample
from tests.metrics.own_judges import SAYS, SaysByTurns

from dreamrelation.errors import UserError
from dreamrelation.metrics.judges.interface import Answer
from dreamrelation.metrics.vision_language.answers import chosen, value_of
from dreamrelation.metrics.vision_language.key_frames import KeyFrames, key_frames
from dreamrelation.metrics.vision_language.metrics import AskedMetric
from dreamrelation.metrics.vision_language.question import SIGNS, wording
from dreamrelation.relations import RELATIONS, Relation
from dreamrelation.settings.kinds import METRICS
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.registry import implementation_of

YES_NO = ("yes", "no")


def metric(kind: str = "vlm_relation_accuracy", judge: dict[str, Any] | None = None, **settings: Any) -> AskedMetric:
    SaysByTurns.asked.clear()
    given = {"kind": kind, "judge": {"kind": SAYS, **(judge or {})}, **settings}
    read = METRICS.read(given)
    return implementation_of(read)(read, MachineSettings(device="cpu"))


@pytest.mark.parametrize(
    ("frames", "count", "rule", "expected"),
    [
        (61, 5, "spread", [0, 15, 30, 45, 60]),
        (61, 5, "ends", [0, 1, 30, 59, 60]),
        (19, 5, "spread", [0, 4, 9, 14, 18]),
        (4, 5, "spread", [0, 1, 2, 3]),
        (5, 5, "ends", [0, 1, 2, 3, 4]),
        (61, 1, "spread", [0]),
    ],
)
def test_key_frames(frames: int, count: int, rule: KeyFrames, expected: list[int]) -> None:
    assert key_frames(frames, count, rule) == expected


def test_the_ends_are_five() -> None:
    with pytest.raises(ValueError, match="expected 5"):
        key_frames(61, 4, "ends")
    with pytest.raises(ValueError, match="frame_count is 4, expected 5"):
        metric(key_frames="ends", frame_count=4)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("yes", "yes"),
        ("Yes, because they hold hands.", "yes"),
        ("**No**", "no"),
        ("NO.", "no"),
        ('"yes"', "yes"),
        ("<think>no, or is it?</think>\n\nYes", "yes"),
        ("Nope", None),
        ("Yesterday", None),
        ("not sure", None),
        ("yes or no? Yes.", None),
        ("Ja", None),
        ("是", None),
        ("I cannot help with that.", None),
        ("", None),
    ],
)
def test_the_first_word_is_the_answer(text: str, expected: str | None) -> None:
    assert chosen(text, YES_NO) == expected


def test_probabilities_stand_for_what_is_to_be_expected() -> None:
    answer = Answer("3", {"1": 0.25, "3": 0.5, "5": 0.25})
    assert value_of(answer, {"1": 0.0, "3": 0.5, "5": 1.0}) == pytest.approx(0.5)


def test_every_relation_has_a_sign_and_is_asked_about_by_its_own_sentence() -> None:
    assert set(SIGNS) == set(RELATIONS)
    asked = wording(RELATIONS["high_five"], ("owl", "cat"), 5, {}, "Yes or no?")
    assert '"An owl is giving a high five to a cat."' in asked and SIGNS["high_five"] in asked
    assert asked.startswith("The 5 pictures") and asked.endswith("Yes or no?")


def test_signs_of_the_settings_go_before_ours() -> None:
    own = Relation("tickling", "is tickling {other}")
    assert "That is to say" not in wording(own, ("dog", "cat"), 5, {}, "")
    told = wording(own, ("dog", "cat"), 5, {"tickling": "one touches the other's belly"}, "")
    assert "That is to say: one touches the other's belly." in told


def test_the_value_is_the_share_of_the_answered_passes() -> None:
    judged = metric(judge={"answers": ["yes", "?", "no", "?", "Yes!", "?", "maybe", "perhaps"]}, passes=4)
    video = sample()
    score = judged.score(video)
    assert score.passes == (1.0, 0.0, 1.0, None)
    assert score.value == pytest.approx(2 / 3)
    assert score.detail == "yes 2, no 1, invalid 1 ('perhaps'); frames 0, 2, 3, 4, 6; a judge of tests"
    # a pass that gave no answer was asked once more, under another seed
    assert sorted(seed for _, _, seed in SaysByTurns.asked) == [0, 2, 4, 6, 7]
    assert all(np.array_equal(shown, video.frames[[0, 2, 3, 4, 6]]) for shown, _, _ in SaysByTurns.asked)


def test_without_any_answer_there_is_no_value() -> None:
    score = metric(judge={"answers": ["I see two dogs."]}, passes=2).score(sample())
    assert (score.value, score.passes) == (None, (None, None))
    assert score.detail.startswith("invalid 2 ('I see two dogs.')")


def test_a_judge_that_tells_probabilities_is_asked_once() -> None:
    score = metric(judge={"likely": 0.75}, passes=10).score(sample())
    assert score.value == pytest.approx(0.75) and score.passes == (0.75,)
    assert score.detail.startswith("yes 0.750, no 0.250;")


def test_grades() -> None:
    score = metric("vlm_relation_grade", {"answers": ["5", "?", "2 of 5", "?"]}, passes=2).score(sample())
    assert score.passes == (1.0, 0.25)


def test_answers_are_kept_and_not_asked_for_again(tmp_path: Path) -> None:
    file = tmp_path / "answers" / "mine.jsonl"
    broken = metric(judge={"answers": ["yes", "no"], "breaks_at": 4}, passes=3)
    broken.keep_answers_in(file)
    with pytest.raises(UserError, match="the judge is gone"):
        broken.score(sample())
    assert len(file.read_text().splitlines()) == 2
    with file.open("a") as left:
        left.write('{"key": "half')  # what a killed job was writing
    whole = metric(judge={"answers": ["yes", "no"]}, passes=3)
    whole.keep_answers_in(file)
    score = whole.score(sample())
    assert [seed for _, _, seed in SaysByTurns.asked] == [4]
    assert score.passes == (1.0, 1.0, 1.0)
    again = metric(judge={"answers": ["yes", "no"]}, passes=3)
    again.keep_answers_in(file)
    assert again.score(sample()) == score and SaysByTurns.asked == []


def test_a_line_that_is_no_answer_is_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text('{"key": "a"}\n')
    metric().keep_answers_in(file)
    assert "line 1 is left out and found out again" in capsys.readouterr().err


@pytest.mark.parametrize("change", ["pictures", "question", "judge", "pass"])
def test_another_question_is_another_question(tmp_path: Path, change: str) -> None:
    file = tmp_path / "mine.jsonl"
    first = metric(passes=1)
    first.keep_answers_in(file)
    first.score(sample())
    judge = {"answers": ["yes", "no"]} if change == "judge" else {}
    signs = {"hugging": "they hold each other"} if change == "question" else {}
    second = metric(judge=judge, passes=2 if change == "pass" else 1, signs=signs)
    second.keep_answers_in(file)
    second.score(sample(size=(32, 48)) if change == "pictures" else sample())
    assert len(SaysByTurns.asked) == 1


def test_thoughts_without_an_end_are_looked_through_once() -> None:
    """A million of them, each of which an expression would follow to the end, would take days."""
    assert chosen("<think>" * 1_000_000, YES_NO) is None
    assert chosen("<think>no</think>" * 1000 + "Yes.", YES_NO) == "yes"
