"""The judge's measures, with a judge whose answers the test dictates."""

import numpy as np
import pytest
import torch

from dreamrelation.evaluation.classifier import new_judge, save_judge
from dreamrelation.evaluation.controls import controls
from dreamrelation.evaluation.judge import Judge, JudgeFeatures
from dreamrelation.evaluation.measure import JudgedVideo
from dreamrelation.evaluation.measures import build_measures
from dreamrelation.evaluation.relation_seen import RelationSeen
from dreamrelation.evaluation.subjects_seen import SubjectsSeen, found_share
from dreamrelation.settings.evaluation import EvaluationSettings

MOTIONS, KINDS = ("hugging", "kicking", "none"), ("dog", "cat", "nobody")
LOGITS = {"hugging": 2.0, "kicking": 1.0, "none": 0.0}


@pytest.fixture
def judge(tmp_path):
    """Sees hugging, a cat on the left and a dog on the right, whatever it is shown."""
    network = new_judge(MOTIONS, KINDS, seed=0)
    with torch.no_grad():
        for head in (network.motion, network.kinds):
            head.weight.zero_()
        network.motion.bias.copy_(torch.tensor(list(LOGITS.values())))
        network.kinds.bias.copy_(torch.tensor([0.0, 1.0, 0.0, 1.0, 0.0, 0.0]))
    save_judge(tmp_path, network, {"name": "puppet_classifier", "held_out_accuracy": {"motion": 1.0}})
    return Judge(tmp_path)


def video(relation: str = "hugging", subjects: tuple[str, str] = ("dog", "cat"), size=(64, 96)) -> JudgedVideo:
    frames = np.random.default_rng(2).integers(0, 256, (7, *size, 3)).astype(np.uint8)
    return JudgedVideo(frames, f"A {subjects[0]} and a {subjects[1]}.", relation, subjects)


@pytest.mark.parametrize(("relation", "seen"), [("hugging", 1.0), ("kicking", 0.0)])
def test_relation(judge, relation, seen):
    accuracy, probability = RelationSeen(judge).take(video(relation))
    expected = np.exp(LOGITS[relation]) / sum(np.exp(list(LOGITS.values())))
    assert (accuracy.metric, accuracy.value) == ("relation_accuracy", seen)
    assert (probability.metric, probability.value) == ("relation_probability", pytest.approx(expected))
    assert "saw hugging" in accuracy.detail


def test_a_relation_that_the_judge_does_not_know_is_an_error(judge):
    with pytest.raises(ValueError, match="high_five"):
        RelationSeen(judge).take(video("high_five"))
    settings = EvaluationSettings(judge="puppet_classifier", judge_path=str(judge.folder), features="puppet_classifier")
    with pytest.raises(ValueError, match="high_five"):
        build_measures(settings, "high_five", torch.device("cpu"))


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


def test_subjects(judge):
    (score,) = SubjectsSeen(judge).take(video(subjects=("dog", "cat")))
    assert (score.value, "saw cat and dog" in score.detail) == (1.0, True)
    (score,) = SubjectsSeen(judge).take(video(subjects=("dog", "dog")))
    assert score.value == 0.5


def test_unknown_subjects_have_no_score_and_a_reason(judge):
    (score,) = SubjectsSeen(judge).take(video(subjects=("dog", "astronaut")))
    assert score.value is None
    assert "astronaut" in score.detail


def test_frames_of_another_size_are_resized(judge):
    assert judge.ask(video(size=(128, 192)).frames).frame_features.shape == (7, 128)


def test_the_judge_is_asked_once_per_video(judge):
    shown = video()
    assert judge.opinion(shown) is judge.opinion(shown)
    assert JudgeFeatures(judge).of(shown) is judge.opinion(shown).frame_features


def test_settings_choose_the_measures(judge):
    folder = str(judge.folder)
    settings = EvaluationSettings(judge="puppet_classifier", judge_path=folder, features="puppet_classifier")
    names = [name for m in build_measures(settings, "hugging", torch.device("cpu")) for name in m.metrics]
    assert names == [
        "relation_accuracy", "relation_probability", "subject_accuracy", "temporal_consistency", "motion",
    ]  # fmt: skip
    unjudged = EvaluationSettings(judge=None, judge_path=folder, features="puppet_classifier")
    names = [name for m in build_measures(unjudged, "hugging", torch.device("cpu")) for name in m.metrics]
    assert names == ["temporal_consistency", "motion"]


def test_controls(judge, experiment_settings):
    rows = [{"clip": str(n), "relation": relation} for n, relation in enumerate(["hugging", "hugging", "kicking"])]
    frames = video().frames
    found = controls(experiment_settings, "hugging", judge, rows, lambda row, height, width: frames)
    positive, negative = found["positive"], found["negative"]
    assert positive is not None
    assert negative is not None
    # This judge sees hugging everywhere: both controls say so.
    assert (positive["mean"], positive["count"]) == (1.0, 2)
    assert (negative["mean"], negative["count"]) == (1.0, 1)
    assert controls(experiment_settings, "hugging", judge, rows[:2], lambda *_: frames)["negative"] is None
