"""The configuration is strict, and its errors say where and what."""

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from dreamrelation.config import STAGE_SECTIONS, ConfigError, from_mapping, load, stage_settings, write_resolved
from dreamrelation.settings.experiment import ExperimentSettings, overlay

ROOT = Path(__file__).parents[2]
DEFAULT = ROOT / "config.yaml"
NTU = ROOT / "configs" / "ntu_mochi.yaml"


def changed(**over: object) -> dict:
    return overlay(yaml.safe_load(DEFAULT.read_text()), over)


def test_both_shipped_configurations_load() -> None:
    assert load([DEFAULT]).puppets is not None
    ntu = load([DEFAULT, NTU])
    assert ntu.puppets is None
    assert ntu.model.path == "genmo/mochi-1-preview"
    assert (ntu.clips.height, ntu.clips.width, ntu.generation.pixel_frames) == (480, 848, 61)
    assert ntu.method("direct_lora").steps == 1000
    assert ntu.method("dreamrelation").steps == 2400


def test_settings_are_frozen() -> None:
    settings = load([DEFAULT])
    with pytest.raises(ValidationError):
        settings.seed = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("over", "place", "hint"),
    [
        ({"generation": {"guidance_scal": 3}}, "generation.guidance_scal", "guidance_scale"),
        ({"methods": {"dreamrelation": {"mask_wight": 3}}}, "methods.dreamrelation.mask_wight", "mask_weight"),
        ({"methods": {"dreamrelation": {"contrastive": {"weigth": 3}}}}, "contrastive.weigth", "weight"),
        ({"masks": {"skeleton_grabcut": {"iteration": 3}}}, "masks.skeleton_grabcut.iteration", "iterations"),
        ({"experimnt": "x"}, "experimnt", "experiment"),
    ],
)
def test_an_unknown_key_is_refused_with_its_place_and_the_nearest_key(over: dict, place: str, hint: str) -> None:
    with pytest.raises(ConfigError) as error:
        from_mapping(changed(**over), "test.yaml")
    assert place in str(error.value)
    assert f"did you mean '{hint}'?" in str(error.value)
    assert "test.yaml" in str(error.value)


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"relations": ["shaking_hand"]}, "shaking_hand"),
        ({"relations": ["kicking", "kicking"]}, "twice"),
        ({"clips": {"pixel_frames": [20]}}, "6k+1"),
        ({"clips": {"pixel_frames": [13, 19]}}, "longest to shortest"),
        ({"generation": {"pixel_frames": 20}}, "6k+1"),
        ({"clips": {"height": 60}}, "clips.height"),
        ({"training": {"warmup_steps": 10000}}, "warmup_steps"),
        ({"methods": {"odd": {"placement": {"nobody": ["query"]}}}}, "nobody"),
        ({"methods": {"odd": {"placement": {"relation": ["queries"]}}}}, "queries"),
        ({"methods": {"odd": {"inference_adapters": ["direct"]}}}, "direct"),
    ],
)
def test_values_that_do_not_fit_are_named(over: dict, words: str) -> None:
    with pytest.raises(ConfigError, match="test.yaml") as error:
        from_mapping(changed(**over), "test.yaml")
    assert words in str(error.value)


def test_missing_and_broken_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere.yaml"):
        load([tmp_path / "nowhere.yaml"])
    broken = tmp_path / "broken.yaml"
    broken.write_text("a: [1")
    with pytest.raises(ConfigError, match="broken.yaml"):
        load([broken])


def test_a_placement_replaces_the_default_one() -> None:
    settings = from_mapping(
        changed(methods={"swapped": {"placement": {"relation": ["value"], "ffn": ["output"]}}}), "test.yaml"
    )
    assert settings.method("swapped").placement == {"relation": ("value",), "ffn": ("output",)}
    with pytest.raises(KeyError, match="swapped"):
        settings.method("unknown")


def test_every_stage_names_settings_that_exist(tmp_path: Path) -> None:
    settings = load([DEFAULT])
    for stage in STAGE_SECTIONS:
        used = stage_settings(settings, stage)
        assert used, stage
        write_resolved(used, tmp_path / f"{stage}.yaml")
        assert yaml.safe_load((tmp_path / f"{stage}.yaml").read_text()) == used


def test_every_setting_is_documented_or_speaks_for_itself() -> None:
    """Each section has a docstring; the root's fields that are plain values have one each."""
    for name, field in ExperimentSettings.model_fields.items():
        annotation = field.annotation
        documented = field.description or getattr(annotation, "__doc__", None)
        assert documented, name
