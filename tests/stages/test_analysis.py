"""The stages that look into the model, on a tiny one: what they write, and what they refuse."""

import csv
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.stages.small_training import CAPTION, GRID, MACHINE, caches, run, small_experiment

from dreamrelation import config, video
from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.errors import UserError
from dreamrelation.settings.analysis_stages import AttentionStage, FeatureMapsStage, LearnedStage
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.settings.overlay import overlay
from dreamrelation.settings.stages import Chosen
from dreamrelation.stages import attention, feature_maps, learned
from dreamrelation.tables.rows import HELD_OUT

CHOSEN = Chosen("dreamrelation", relation="hugging")
ANALYSIS = {"attention": {"methods": ["dreamrelation"], "clips": 2, "shown": 1}}


@pytest.fixture
def experiment(random_mochi: MochiSettings, tmp_path: Path) -> ExperimentSettings:
    plain = small_experiment(random_mochi, tmp_path).model_dump()
    return config.from_mapping(overlay(plain, {"analysis": ANALYSIS, "generation": {"sampling_steps": 2}}), "test")


def look(experiment: ExperimentSettings, folder: Path, **over: Any) -> list[dict[str, str]]:
    """The rows of the attention stage's table."""
    given: dict[str, Any] = {
        "settings": AttentionStage.of(experiment, CHOSEN),
        "machine": MACHINE.model_copy(update={"attention": "flash_3"}),  # in which nothing could be seen
        "relation": "hugging",
        "method": "dreamrelation",
        "latents": folder / "latents",
        "captions": folder / "texts",
        "adapters": folder / "out/adapters",
        "adapters_manifest": folder / "out/adapters.json",
        "table": folder / "attention.csv",
        "figure": folder / "attention.png",
        "video": folder / "attention.mp4",
    }
    attention.run(**given | over)
    with (folder / "attention.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_attention_is_told_clip_by_clip_and_drawn(experiment: ExperimentSettings, tmp_path: Path) -> None:
    caches(experiment, tmp_path)
    run(experiment, tmp_path)
    rows = look(experiment, tmp_path)
    means = {row["model"]: row for row in rows if row["clip"] == "mean"}
    assert list(means) == ["base", "dreamrelation", "difference"]
    for model in ("base", "dreamrelation"):
        single = [float(row["inside"]) for row in rows if row["model"] == model and row["clip"] != "mean"]
        assert len(single) == 2 and float(means[model]["inside"]) == pytest.approx(np.mean(single), abs=1e-4)
        assert float(means[model]["area"]) == 0.5
        # masks that are one half everywhere hold one half of any attention
        assert single == pytest.approx([0.5, 0.5], abs=1e-6)
    assert float(means["difference"]["inside"]) == pytest.approx(0, abs=1e-6)
    frames = list(video.decode(tmp_path / "attention.mp4"))
    picture = cv2.imread(str(tmp_path / "attention.png"))
    assert len(frames) == 7 and picture is not None and frames[0].shape == picture.shape
    assert picture.shape[1] > 3 * picture.shape[0] / 2, "clip, base and method side by side"
    before = (tmp_path / "attention.mp4").read_bytes()
    look(experiment, tmp_path)
    assert (tmp_path / "attention.mp4").read_bytes() == before


def test_attention_moves_with_what_was_learned(experiment: ExperimentSettings, tmp_path: Path) -> None:
    masks = np.zeros(GRID, np.float32)
    masks[:, :, :3] = 1
    caches(experiment, tmp_path, masks)
    fast = overlay(experiment.model_dump(), {"methods": {"dreamrelation": {"learning_rate": 0.5, "steps": 12}}})
    run(config.from_mapping(fast, "test"), tmp_path)
    means = {row["model"]: row for row in look(experiment, tmp_path) if row["clip"] == "mean"}
    base, learnt, difference = (float(means[name]["inside"]) for name in ("base", "dreamrelation", "difference"))
    assert 0 < base < 1 and abs(difference) > 1e-3 and learnt - base == pytest.approx(difference, abs=2e-4)


def test_captions_without_the_relations_words_and_methods_that_learn_nothing_are_refused(
    experiment: ExperimentSettings, tmp_path: Path
) -> None:
    caches(experiment, tmp_path)
    run(experiment, tmp_path)
    kicking = config.from_mapping(overlay(experiment.model_dump(), {"relations": ["kicking"]}), "test")
    of_kicking = Chosen("dreamrelation", relation="kicking")
    with pytest.raises(UserError, match=f"'{CAPTION}': found no 'kicking' in it; analysis.attention.words says what"):
        look(experiment, tmp_path, settings=AttentionStage.of(kicking, of_kicking))
    told = {"analysis": {"attention": {"words": {"kicking": ["hugging"]}}}}
    kicking = config.from_mapping(overlay(kicking.model_dump(), told), "test")
    assert look(experiment, tmp_path, settings=AttentionStage.of(kicking, of_kicking))
    with pytest.raises(UserError, match="'base' is of the kind 'none': it learned nothing"):
        settings = AttentionStage.of(experiment, Chosen("base", relation="hugging"))
        look(experiment, tmp_path, settings=settings, method="base")
    with pytest.raises(UserError, match="analysis.attention.methods: base is not trained"):
        config.from_mapping(overlay(experiment.model_dump(), {"analysis": {"attention": {"methods": ["base"]}}}), "x")


def test_held_out_clips_that_cannot_be_used_are_not_passed_over(
    experiment: ExperimentSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    caches(experiment, tmp_path)
    run(experiment, tmp_path)
    load = attention.load_clips

    def broken(path: Path, made_with: str, **asked: Any) -> Any:
        if asked.get("split") == HELD_OUT:
            raise UserError(f"{path}: column mean of clip held is not finite")
        return load(path, made_with, **asked)

    monkeypatch.setattr(attention, "load_clips", broken)
    with pytest.raises(UserError, match="clip held is not finite"):
        look(experiment, tmp_path)


def test_what_was_learned_has_a_row_for_each_layer(experiment: ExperimentSettings, tmp_path: Path) -> None:
    caches(experiment, tmp_path)
    out = run(experiment, tmp_path)
    learned.run(
        settings=LearnedStage.of(experiment, CHOSEN),
        relation="hugging",
        method="dreamrelation",
        adapters=out / "adapters",
        adapters_manifest=out / "adapters.json",
        table=tmp_path / "learned.csv",
        figure=tmp_path / "learned.svg",
    )
    with (tmp_path / "learned.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["adapter"] for row in rows} == {"ffn", "relation", "subject1", "subject2"}
    relation = [row for row in rows if row["adapter"] == "relation"]
    assert {row["projection"] for row in relation} == {"query", "key"} and {row["rank"] for row in rows} == {"2"}
    assert len(relation) == 8, "two blocks of two branches"
    assert all(0 <= float(row["effective_rank"]) <= 2.000001 for row in rows)
    assert any(float(row["norm"]) > 0 for row in rows)
    figure = (tmp_path / "learned.svg").read_text(encoding="utf-8")
    assert "effective rank" in figure and "subject1" in figure


def test_feature_maps_have_a_row_for_each_prompt(experiment: ExperimentSettings, tmp_path: Path) -> None:
    prompts = ["A dog is hugging a cat.", "A cat and a dog are waving."]
    own = overlay(experiment.model_dump(), {"analysis": {"feature_maps": {"prompts": prompts}}})
    settings = FeatureMapsStage.of(config.from_mapping(own, "test"))
    pictures = []
    for name in ("first.png", "second.png"):
        feature_maps.run(settings=settings, machine=MACHINE, figure=tmp_path / name)
        pictures.append(cv2.imread(str(tmp_path / name)))
    assert np.array_equal(*pictures)
    height, width = pictures[0].shape[:2]
    assert width > 4 * 1.5 * 128 and 2 * 128 < height < 3 * 128, "four columns and two rows of enlarged frames"
    assert settings.feature_maps.noise_level == 0.5
