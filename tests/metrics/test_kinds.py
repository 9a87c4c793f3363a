"""Every metric of the registry is there and is what its settings say."""

import pytest

from dreamrelation.metrics.interface import MetricInfo
from dreamrelation.settings.kinds import METRICS
from dreamrelation.settings.registry import implementation_of

NEEDS = {
    **{kind: {"judge": {"kind": "openai_endpoint"}} for kind in ("vlm_relation_accuracy", "vlm_relation_grade")},
    **{kind: {"features": {"kind": "videomae"}} for kind in ("frechet_video_distance", "kernel_video_distance")},
}
"""Settings without which a kind cannot be."""


@pytest.mark.parametrize("kind", METRICS.known)
def test_each_kind_has_a_class_with_its_facts(kind: str) -> None:
    settings = METRICS.settings_of(kind).model_validate({"kind": kind, **NEEDS.get(kind, {})})
    made = implementation_of(settings)
    info = getattr(made, "info", None)
    assert isinstance(info, MetricInfo) and info.label and info.about
    assert hasattr(made, "note")
    assert hasattr(made, "compare") == settings.compares_sets  # pyright: ignore[reportAttributeAccessIssue]
    assert hasattr(made, "score") != hasattr(made, "compare")
    if info.is_share:
        assert (info.low, info.high, info.unit) == (0.0, 1.0, "%")


def test_labels_tell_the_metrics_of_an_experiment_apart(experiment_settings) -> None:
    labels = [implementation_of(metric).info.label for metric in experiment_settings.metrics.values()]  # pyright: ignore
    assert len(set(labels)) == len(labels)
