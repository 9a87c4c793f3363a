"""The judge's metrics, with judges whose answers the test dictates."""

import json
import shutil
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from tests.metrics.judges import KINDS, LOGIT, MOTIONS, sample, write_judge

from dreamrelation.errors import UserError
from dreamrelation.metrics.interface import Confusion
from dreamrelation.metrics.puppet_judge.appearance_leakage import AppearanceLeakage
from dreamrelation.metrics.puppet_judge.joint_accuracy import JointAccuracy
from dreamrelation.metrics.puppet_judge.judge import Judge, as_video
from dreamrelation.metrics.puppet_judge.relation_accuracy import RelationAccuracy
from dreamrelation.metrics.puppet_judge.settings import (
    AppearanceLeakageSettings,
    JointAccuracySettings,
    RelationAccuracySettings,
    SubjectAccuracySettings,
)
from dreamrelation.metrics.puppet_judge.subject_accuracy import SubjectAccuracy, found_share
from dreamrelation.settings.machine import MachineSettings

MACHINE = MachineSettings(device="cpu")
SURE = np.exp(LOGIT) / (np.exp(LOGIT) + 3)
"""Probability of what the judge sees, among four."""
UNSURE = 1 / (np.exp(LOGIT) + 3)
"""Of what it does not see."""
ACTS = np.exp(LOGIT) / (np.exp(LOGIT) + 1)
"""Probability of the side that it sees act, of two."""


def relation_accuracy(folder: Path) -> RelationAccuracy:
    return RelationAccuracy(RelationAccuracySettings(judge=str(folder)), MACHINE)


def subject_accuracy(folder: Path) -> SubjectAccuracy:
    return SubjectAccuracy(SubjectAccuracySettings(judge=str(folder)), MACHINE)


def appearance_leakage(folder: Path, exemplars: str = "person") -> AppearanceLeakage:
    return AppearanceLeakage(AppearanceLeakageSettings(judge=str(folder), exemplars=exemplars), MACHINE)


def joint_accuracy(folder: Path) -> JointAccuracy:
    return JointAccuracy(JointAccuracySettings(judge=str(folder)), MACHINE)


@pytest.mark.parametrize(("relation", "value", "sure"), [("hugging", 1.0, SURE), ("kicking", 0.0, UNSURE)])
def test_relation(judge_folder, relation, value, sure):
    score = relation_accuracy(judge_folder).score(sample(relation))
    assert (score.value, score.confidence) == (value, pytest.approx(sure))
    assert f"saw hugging ({SURE:.2f})" in score.detail


@pytest.mark.parametrize("metric", [relation_accuracy, joint_accuracy])
def test_a_relation_that_the_judge_does_not_know_is_an_error(judge_folder, metric):
    with pytest.raises(UserError, match=r"judge\.json: the judge does not know the relation 'high_five'"):
        metric(judge_folder).score(sample("high_five"))


@pytest.mark.parametrize("settings", [RelationAccuracySettings, JointAccuracySettings])
def test_it_is_an_error_before_anything_is_trained(judge_folder, tmp_path, settings):
    with pytest.raises(UserError, match=r"judge\.json: the judge does not know the relation 'high_five'"):
        settings(judge=str(judge_folder)).check_relation("high_five")
    settings(judge=str(judge_folder)).check_relation("hugging")
    settings(judge=str(tmp_path / "not there yet")).check_relation("high_five")
    (tmp_path / "judge.json").write_text("{")
    with pytest.raises(UserError, match="not the description of a judge"):
        settings(judge=str(tmp_path)).check_relation("hugging")


@pytest.mark.parametrize(
    ("wanted", "found", "share"),
    [
        (("dog", "cat"), ("cat", "dog"), 1.0),
        (("dog", "cat"), ("dog", "person"), 0.5),
        (("dog", "dog"), ("dog", "cat"), 0.5),
        (("dog", "dog"), ("dog", "dog"), 1.0),
        (("dog", "cat"), ("dog", "dog"), 0.5),
        (("dog", "cat"), ("person", "person"), 0.0),
    ],
)
def test_found_share(wanted, found, share):
    assert found_share(wanted, found) == share


def test_subjects(judge_folder):
    metric = subject_accuracy(judge_folder)
    score = metric.score(sample(subjects=("dog", "cat")))
    assert (score.value, "saw cat and dog" in score.detail) == (1.0, True)
    assert metric.score(sample(subjects=("dog", "dog"))).value == 0.5


@pytest.mark.parametrize(("left", "right"), product(["dog", "cat", "person"], repeat=2))
def test_leakage_is_somebody_of_the_exemplars_on_either_side(tmp_path, left, right):
    metric = appearance_leakage(write_judge(tmp_path, "hugging", left, right), "person")
    score = metric.score(sample(subjects=("dog", "cat")))
    assert score.value == float("person" in (left, right))
    neither = [1 - (SURE if side == "person" else UNSURE) for side in (left, right)]
    assert score.confidence == pytest.approx(1 - neither[0] * neither[1])
    assert f"saw {left} and {right}" in score.detail


def test_nobody_leaks_whom_the_prompt_names(judge_folder):
    score = appearance_leakage(judge_folder, "person").score(sample(subjects=("person", "cat")))
    assert (score.value, score.detail) == (None, "the prompt itself names a person")
    with pytest.raises(UserError, match=r"judge\.json: the judge does not know the figure 'horse', it knows dog"):
        appearance_leakage(judge_folder, "horse")


@pytest.mark.parametrize("metric", [subject_accuracy, appearance_leakage, joint_accuracy])
def test_unknown_subjects_have_no_score_and_a_reason(judge_folder, metric):
    score = metric(judge_folder).score(sample(subjects=("dog", "astronaut")))
    assert (score.value, score.confidence) == (None, None)
    assert "does not know astronaut; it knows dog" in score.detail


@pytest.mark.parametrize("seen", ["hugging", "kicking", "none"])
@pytest.mark.parametrize(("left", "right"), [("dog", "cat"), ("cat", "dog"), ("dog", "dog"), ("dog", "person")])
@pytest.mark.parametrize("asked", ["hugging", "kicking"])
def test_joint_accuracy_wants_the_relation_and_both_subjects(tmp_path, seen, left, right, asked):
    """Nobody tells who acts, so either order of the subjects is right."""
    metric = joint_accuracy(write_judge(tmp_path, seen, left, right))
    score = metric.score(sample(asked, ("dog", "cat")))
    assert score.value == float(seen == asked and sorted([left, right]) == ["cat", "dog"])
    assert score.detail.startswith(f"saw {seen} ({SURE:.2f}), {left} and {right}")
    assert ("order not checked" in score.detail) == (asked == "kicking")


@pytest.mark.parametrize(("left", "right"), product(["dog", "cat"], repeat=2))
@pytest.mark.parametrize("actor", ["left", "right"])
@pytest.mark.parametrize("asked", ["hugging", "kicking"])
def test_joint_accuracy_wants_the_order_where_it_matters_and_is_known(tmp_path, left, right, actor, asked):
    """A dog is kicking a cat: whoever is seen to kick must be the dog. Hugging has no actor."""
    metric = joint_accuracy(write_judge(tmp_path, asked, left, right, actor))
    score = metric.score(sample(asked, ("dog", "cat")))
    who, whom = (left, right) if actor == "left" else (right, left)
    right_order = (who, whom) == ("dog", "cat")
    assert score.value == float(right_order or (asked == "hugging" and {who, whom} == {"dog", "cat"}))
    assert (f"the one on the {actor} acts ({ACTS:.2f})" in score.detail) == (asked == "kicking")
    assert "order not checked" not in score.detail


@pytest.mark.parametrize("actor", ["left", None])
def test_the_order_of_two_alike_does_not_matter(tmp_path, actor):
    metric = joint_accuracy(write_judge(tmp_path, "kicking", "dog", "dog", actor))
    score = metric.score(sample("kicking", ("dog", "dog")))
    assert (score.value, "order" in score.detail) == (1.0, False)
    assert metric.score(sample("kicking", ("dog", "cat"))).value == 0.0


@pytest.mark.parametrize("actor", ["left", "right", None])
def test_the_joint_confidence_is_a_probability(tmp_path, actor):
    """Summed over all that a video may show, it is 1."""
    metric = joint_accuracy(write_judge(tmp_path, "hugging", "cat", "dog", actor))
    assert metric.score(sample("hugging", ("dog", "cat"))).confidence == pytest.approx(SURE * (SURE**2 + UNSURE**2))
    pairs = [(a, b) for a in KINDS for b in KINDS if actor or a <= b]
    found = [metric.score(sample("kicking", pair)).confidence for pair in pairs]
    assert sum(value for value in found if value is not None) == pytest.approx(UNSURE)


@pytest.mark.parametrize(("actor", "sure"), [("left", 1 - ACTS), ("right", ACTS)])
def test_the_joint_confidence_weighs_who_acts(tmp_path, actor, sure):
    """A cat on the left and a dog on the right; for the dog to kick, the one on the right must act."""
    metric = joint_accuracy(write_judge(tmp_path, "kicking", "cat", "dog", actor))
    confidence = metric.score(sample("kicking", ("dog", "cat"))).confidence
    assert confidence == pytest.approx(SURE * (sure * SURE**2 + (1 - sure) * UNSURE**2))


def test_frames_of_another_size_are_resized(judge_folder):
    assert Judge(judge_folder).ask(sample(size=(128, 192)).frames).frame_features.shape == (7, 128)


def test_an_opinion_holds_a_probability_for_each_class(judge_folder):
    opinion = Judge(judge_folder).ask(sample().frames)
    assert tuple(opinion.motions) == MOTIONS and tuple(opinion.left_kinds) == tuple(opinion.right_kinds) == KINDS
    for shares in (opinion.motions, opinion.left_kinds, opinion.right_kinds):
        assert sum(shares.values()) == pytest.approx(1)
    assert (opinion.motion, opinion.left, opinion.right) == ("hugging", "cat", "dog")


def test_only_a_judge_with_the_head_says_who_acts(judge_folder, tmp_path):
    opinion = Judge(judge_folder).ask(sample().frames)
    assert (opinion.actors, opinion.actor) == ({}, None)
    opinion = Judge(write_judge(tmp_path, "kicking", "cat", "dog", actor="right")).ask(sample().frames)
    assert opinion.actors == pytest.approx({"left": 1 - ACTS, "right": ACTS}) and opinion.actor == "right"


@pytest.mark.parametrize("metric", [relation_accuracy, subject_accuracy, appearance_leakage, joint_accuracy])
def test_the_note_says_who_judges_and_how_well(judge_folder, metric):
    note = metric(judge_folder).note
    assert Judge(judge_folder).name in note
    assert "160 clips that it has not seen: motion 97.0%, figure 95.0%. It is weakest on none, 80.0%." in note


def test_the_note_says_whether_the_judge_can_tell_who_acts(judge_folder, tmp_path):
    assert joint_accuracy(judge_folder).note.endswith("It cannot tell who acts, so either subject may.")
    note = joint_accuracy(write_judge(tmp_path, "kicking", "cat", "dog", actor="right")).note
    assert "Who acts: 90.0% of 40 clips." in note and "cannot tell" not in note


def test_a_judge_that_does_not_say_how_good_it_is_is_refused(judge_folder, tmp_path):
    folder = Path(shutil.copytree(judge_folder, tmp_path / "judge"))
    facts = json.loads((folder / "judge.json").read_text())
    del facts["held_out_accuracy"]["per_motion"]
    (folder / "judge.json").write_text(json.dumps(facts))
    with pytest.raises(UserError, match=r"judge\.json: does not say how good the judge is"):
        _ = Judge(folder).note


def with_facts(folder: Path, worlds: dict[str, dict[str, object]]) -> Path:
    """Adds to what the facts of a judge tell of held-out clips."""
    facts = json.loads((folder / "judge.json").read_text())
    for world, told in worlds.items():
        facts[world] = facts.get(world, {}) | told
    (folder / "judge.json").write_text(json.dumps(facts))
    return folder


def matrix(classes: tuple[str, ...], right: int) -> list[list[int]]:
    return [[right if row == column else row for column in range(len(classes))] for row in range(len(classes))]


@pytest.mark.parametrize(
    ("metric", "key", "what", "classes"),
    [
        (relation_accuracy, "motion_confusion", "Motions", MOTIONS),
        (subject_accuracy, "kind_confusion", "Figures", KINDS),
    ],
)
def test_confusions_are_those_of_what_the_metric_asks(judge_folder, tmp_path, metric, key, what, classes):
    folder = Path(shutil.copytree(judge_folder, tmp_path / "judge"))
    worlds = ("held_out_accuracy", "held_out_accuracy_degraded", "held_out_accuracy_round_trip")
    with_facts(
        folder,
        {
            world: {"motion_confusion": matrix(MOTIONS, 10 + n), "kind_confusion": matrix(KINDS, 20 + n)}
            for n, world in enumerate(worlds)
        },
    )
    titles = ("held-out clips", "held-out clips, degraded", "held-out clips after the autoencoder's round trip")
    facts = json.loads((folder / "judge.json").read_text())
    expected = {
        Confusion(f"{what}, {title}", classes, tuple(tuple(row) for row in facts[world][key]))
        for title, world in zip(titles, worlds, strict=True)
    }
    found = metric(folder).confusions
    assert len(found) == 3 and set(found) == expected


def test_a_judge_whose_facts_tell_no_confusions_has_none(judge_folder, tmp_path):
    assert relation_accuracy(judge_folder).confusions == subject_accuracy(judge_folder).confusions == ()
    folder = Path(shutil.copytree(judge_folder, tmp_path / "judge"))
    with_facts(folder, {"held_out_accuracy_round_trip": {"motion_confusion": matrix(MOTIONS, 3)}})
    (found,) = relation_accuracy(folder).confusions
    assert found.title == "Motions, held-out clips after the autoencoder's round trip"
    assert subject_accuracy(folder).confusions == ()


@pytest.mark.parametrize("counts", [[[1, 2], [3, 4]], [[1] * 4] * 3, 5, None])
def test_confusions_of_other_classes_are_refused(judge_folder, tmp_path, counts):
    folder = Path(shutil.copytree(judge_folder, tmp_path / "judge"))
    with_facts(folder, {"held_out_accuracy": {"motion_confusion": counts}})
    with pytest.raises(UserError, match=r"judge\.json: motion_confusion cannot be used"):
        _ = relation_accuracy(folder).confusions


def test_as_video_range_and_shape():
    frames = np.zeros((3, 4, 6, 3), np.uint8)
    frames[1] = 255
    tensor = as_video(frames)
    assert tensor.shape == (1, 3, 3, 4, 6)
    assert (tensor[:, :, 0] == -1).all()
    assert (tensor[:, :, 1] == 1).all()
    with pytest.raises(ValueError, match="uint8"):
        as_video(frames.astype(np.float32))
