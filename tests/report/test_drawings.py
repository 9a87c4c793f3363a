"""Curves, the headline's chart and the tint of masks."""

import re
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from dreamrelation.report.charts import HeadlineRow, headline_chart
from dreamrelation.report.curves import by_role, held_out_by_level, loss_charts, smoothed, terms_of
from dreamrelation.report.media import SUBJECT_COLOURS, TINT, tinted
from dreamrelation.report.scores import NO_SCORE, MeanScore, Metric
from dreamrelation.tables.rows import TrainingStep

SHARE = Metric("Seen", "how often", "%", "higher", 0.0, 1.0, is_share=True)


def step(number: int, role: str = "all", **terms: float) -> TrainingStep:
    return TrainingStep(number, role, ("a",), 0.5, terms, 1e-3, 1.0, 0.1, {})


def test_smoothing_keeps_constants_and_length() -> None:
    assert_allclose(smoothed(np.full(73, 2.5)), 2.5)
    assert_allclose(smoothed(np.array([3.0])), [3.0])
    line = np.arange(100.0)
    assert_allclose(smoothed(line)[5:-5], line[5:-5])


def test_held_out_clips_have_a_chart_with_a_curve_for_each_noise_level() -> None:
    looked = [replace(step(n, base=1.0), held_out={"0.1": 0.5, "0.9": 0.2}) for n in (4, 9)]
    charts = dict(loss_charts([step(0, base=1.0), *looked], "Mine"))
    chart = charts["Held-out clips by noise level"]
    assert 'aria-label="Mine: loss of held-out clips by step"' in chart
    assert held_out_by_level(looked) == {"0.1": {4: 0.5, 9: 0.5}, "0.9": {4: 0.2, 9: 0.2}}
    assert "Held-out clips by noise level" not in dict(loss_charts([step(0, base=1.0)], "Mine"))


def test_each_term_has_a_chart_and_the_first_one_more_by_role() -> None:
    training = [
        step(0, "subject2", base=1.0),
        step(1, "relation", base=2.0, pull_apart=3.0),
        step(2, "other", base=4.0, pull_apart=7.0),
        step(3, "relation", base=5.0, pull_apart=6.0),
    ]
    charts = dict(loss_charts(training, "Mine"))
    assert list(charts) == ["Base", "Base by role", "Pull apart"]
    assert 'aria-label="Mine: pull apart by step"' in charts["Pull apart"]
    assert terms_of(training) == {"base": {0: 1.0, 1: 2.0, 2: 4.0, 3: 5.0}, "pull_apart": {1: 3.0, 2: 7.0, 3: 6.0}}
    roles = by_role(training, terms_of(training)["base"])
    assert list(roles.items()) == [("relation", {1: 2.0, 3: 5.0}), ("subject2", {0: 1.0}), ("other", {2: 4.0})]
    for name in ("relation", "subject 2", "other"):
        assert re.search(rf">\s*{name}\s*<", charts["Base by role"]), "the legend names the role"


def test_without_roles_there_is_no_chart_of_them() -> None:
    assert [title for title, _ in loss_charts([step(0, base=1.0), step(1, base=2.0)], "Mine")] == ["Base"]


def test_a_loss_without_terms_is_shown_whole() -> None:
    assert [title for title, _ in loss_charts([step(0), step(1)], "Mine")] == ["Loss"]
    assert terms_of([step(0), step(1)]) == {"loss": {0: 0.5, 1: 0.5}}


def test_chart_says_what_it_shows_and_draws_the_unmeasured_as_such() -> None:
    chart = headline_chart(SHARE, [HeadlineRow('A <b>"x"</b>', NO_SCORE, [NO_SCORE])], 'accuracy of "A" & <b>')
    assert 'aria-label="accuracy of &#34;A&#34; &amp; &lt;b&gt;"' in chart
    assert "not measured" in chart
    assert "<b>" not in chart


@pytest.mark.parametrize(
    ("metric", "mean", "written", "tick"),
    [(SHARE, 0.25, "25.0%", "100%"), (Metric("Distance", better="lower"), 2079.9, "2080", "2080")],
)
@pytest.mark.parametrize("has_limits", [True, False])
def test_chart_is_of_any_metric(metric: Metric, mean: float, written: str, tick: str, has_limits: bool) -> None:
    score = MeanScore(mean, mean * 0.9, mean * 1.2, 8, 0) if has_limits else MeanScore(mean, None, None, 8, 0)
    chart = headline_chart(metric, [HeadlineRow("A", score, [score])], "title")
    assert re.search(rf">\s*{re.escape(written)}\s*<", chart)
    assert re.search(rf">\s*{re.escape(tick)}\s*<", chart)
    assert ("stroke-width: 5" in chart) == has_limits


def test_tint_touches_only_the_masks_and_mixes_each_subjects_colour() -> None:
    frames = np.full((2, 8, 12, 3), 100, np.uint8)
    masks = np.zeros((2, 2, 8, 12), bool)
    masks[0, 0, 1:6, 1:6] = True
    masks[1, 1, 2:7, 6:11] = True
    drawn = tinted(frames, masks)
    np.testing.assert_array_equal((drawn != frames).any(axis=-1), masks.any(axis=1))
    for frame, (subject, y, x) in enumerate([(0, 3, 3), (1, 4, 8)]):
        colour = np.array(SUBJECT_COLOURS[subject])
        assert_allclose(drawn[frame, y, x], 100 + TINT * (colour - 100), atol=1)
        assert_allclose(drawn[frame, y, x - 2], colour, err_msg="outlined")


def test_masks_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError):
        tinted(np.zeros((1, 8, 12, 3), np.uint8), np.zeros((1, 2, 4, 6), bool))
