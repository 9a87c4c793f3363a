"""The configuration is strict, and its errors say where and what."""

import re
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from dreamrelation.backbones.mochi.spec import MOCHI
from dreamrelation.config import from_mapping, load, write_settings
from dreamrelation.errors import UserError
from dreamrelation.settings.overlay import overlay
from dreamrelation.settings.stage_registry import STAGES
from dreamrelation.settings.stages import (
    CaptionsStage,
    Chosen,
    GenerateStage,
    LatentsStage,
    PromptsStage,
    TrainStage,
)

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
    steps = {name: method.steps for name, method in ntu.methods.items() if method.trains}  # type: ignore[attr-defined]
    assert steps == {"direct_lora": 1000, "dreamrelation": 2400}
    assert list(ntu.metrics) == ["relation_accuracy", "temporal_consistency", "motion", "clip_t"]
    sampling = ntu.generation.resolved(MOCHI)
    assert (sampling.sampling_steps, sampling.guidance_scale, sampling.frames_per_second) == (64, 6.0, 30)


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError):
        load([DEFAULT]).seed = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("over", "place", "hint"),
    [
        ({"generation": {"guidance_scal": 3}}, "generation.guidance_scal", "guidance_scale"),
        ({"training": {"stepz": 3}}, "training.stepz", "steps"),
        ({"methods": {"dreamrelation": {"mask_wight": 3}}}, "methods.dreamrelation.mask_wight", "mask_weight"),
        ({"methods": {"dreamrelation": {"contrastive": {"weigth": 3}}}}, "contrastive.weigth", "weight"),
        ({"masks": {"segmenter": {"key_frame_stepp": 3}}}, "masks.segmenter.key_frame_stepp", "key_frame_step"),
        ({"metrics": {"motion": {"control": True}}}, "metrics.motion.control", "controls"),
        ({"experimnt": "x"}, "experimnt", "experiment"),
    ],
)
def test_an_unknown_key_is_refused_with_its_place_and_the_nearest_key(over: dict, place: str, hint: str) -> None:
    with pytest.raises(UserError) as error:
        from_mapping(changed(**over), "test.yaml")
    assert f"{place}: unknown key; did you mean {hint!r}?" in str(error.value)
    assert "test.yaml: 1 setting(s)" in str(error.value)


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"relations": ["shaking_hand"]}, "shaking_hand"),
        ({"relations": ["kicking", "kicking"]}, "twice"),
        ({"seed": 2**31}, "seed"),
        ({"training": {"steps": 10**20}}, "training.steps"),
        ({"training": {"batch_size": 10**30}}, "training.batch_size"),
        ({"methods": {"dreamrelation": {"contrastive": {"memory_clips": 2**70}}}}, "contrastive.memory_clips"),
        ({"clips": {"pixel_frames": [20]}}, "clips.pixel_frames: found 20 pixel frames, expected 6k+1"),
        ({"clips": {"pixel_frames": [13, 19]}}, "longest to shortest"),
        ({"clips": {"minimum": 11}}, "minimum 11 is more than per_relation 10"),
        ({"clips": {"height": 60}}, "clips.height, clips.width: found frames of 60 × 96"),
        ({"generation": {"pixel_frames": 20}}, "generation: found 20 pixel frames"),
        ({"generation": {"sampling_steps": 5}}, "generation: sampling_steps is 5, expected an even number"),
        ({"generation": {"subjects": [["a b", "cat"], ["a-b", "cat"]]}}, "same file name a-b_cat_0.mp4"),
        ({"generation": {"subjects": [["dog", ""]]}}, "found the subject ''"),
        ({"generation": {"subjects": [["dog", "a\ncat"]]}}, "generation.subjects.0.1"),
        ({"generation": {"subjects": [["dog", "c\0at"]]}}, "printable"),
        ({"generation": {"subjects": [["dog", "x" * 300]]}}, "1 to 60"),
        ({"generation": {"subjects": [["dog", "猫" * 60]]}}, "a file name that is too long"),
        ({"methods": {"controls": {"kind": "none"}}}, "'controls' is that of a folder of ours"),
        ({"methods": {"odd": {"kind": "..flow:Mine"}}}, "methods.odd: '..flow:Mine': the module cannot be imported"),
        ({"generation": {"subjects": [["dog", "?!"]]}}, "at least one letter or digit"),
        ({"training": {"warmup_steps": 10000}}, "warmup_steps 10000 is more than steps"),
        ({"methods": {"logs": {"kind": "none"}}}, "'logs' is that of a folder of ours"),
        ({"methods": {"a/b": {"kind": "none"}}}, "a/b"),
        ({"methods": {"x" * 65: {"kind": "none"}}}, "at most 64"),
        ({"methods": {"odd": {"placement": {}}}}, "methods.odd: found {'placement': {}}, expected a mapping"),
        ({"methods": {"odd": {"kind": "lorra"}}}, "methods.odd: there is no method 'lorra'; did you mean 'lora'?"),
        ({"methods": {"odd": {"kind": "nowhere.methods:Mine"}}}, "Python finds no module 'nowhere'"),
        ({"methods": {"odd": {"kind": "dreamrelation.flow:Mine"}}}, "has no 'Mine'"),
        ({"methods": {"odd": {"kind": "dreamrelation.flow:NoisyLatents"}}}, "has no class `Settings`"),
        ({"methods": {"odd": {"kind": "lora", "placement": {"nobody": ["query"]}}}}, "nobody"),
        ({"methods": {"dreamrelation": {"placement": {"relation": ["queries"], "ffn": ["output"]}}}},
         "methods.dreamrelation: Mochi has no projection 'queries'"),
        ({"methods": {"odd": {"kind": "lora", "inference_adapters": ["direct"]}}}, "direct"),
        ({"model": {"kind": "mochy"}}, "model: there is no backbone 'mochy'; did you mean 'mochi'?"),
        ({"masks": {"segmenter": {"kind": "grabcut"}}}, "masks.segmenter: there is no segmenter 'grabcut'"),
        ({"metrics": {"odd": {"kind": "fvd"}}}, "metrics.odd: there is no metric 'fvd'"),
    ],
)  # fmt: skip
def test_values_that_do_not_fit_are_named(over: dict, words: str) -> None:
    with pytest.raises(UserError, match="test.yaml") as error:
        from_mapping(changed(**over), "test.yaml")
    assert words in str(error.value)


def test_a_subject_cannot_lead_out_of_the_folder() -> None:
    settings = from_mapping(changed(generation={"subjects": [["../../../dog", "C:\\cat"]]}), "test.yaml")
    assert settings.generation.video_names("hugging")[0] == "dog_c-cat_0"


def test_missing_and_broken_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere.yaml: no such configuration file"):
        load([tmp_path / "nowhere.yaml"])
    for name, content, words in (
        ("broken.yaml", b"a: [1", "not valid YAML"),
        ("list.yaml", b"- a", "found a list at the top"),
        ("latin.yaml", "experiment: caf\u00e9".encode("latin-1"), "cannot be read as UTF-8"),
        ("twice.yaml", b"seed: 1\ntraining: {steps: 3}\nseed: 2", "found the key 'seed' twice"),
        ("key.yaml", b"{[a]: 1}", "found a key that is no name"),
        ("typo.yaml", b"methods: {dreamrelatoin: null}", "no such name to take away: base, direct_lora, dreamrelation"),
        ("inner.yaml", b"training: {steps: 3, steps: 4}", "found the key 'steps' twice"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UserError, match=None if name == "typo.yaml" else name) as error:
            load([DEFAULT, tmp_path / name])
        assert words in str(error.value)


def test_a_segmenter_whose_kind_is_named_replaces_the_one_below_and_one_that_is_not_changes_it() -> None:
    below = {"segmenter": {"kind": "grounded_sam", "checkpoint": "small.pt", "architecture": "small.yaml"}}
    named = {"segmenter": {"kind": "grounded_sam", "checkpoint": "large.pt"}}
    assert overlay(below, named) == named
    changed = overlay(below, {"segmenter": {"key_frame_step": 5}})
    assert changed["segmenter"] == below["segmenter"] | {"key_frame_step": 5}


def test_a_method_that_takes_anothers_adapters_is_that_method_and_is_not_trained() -> None:
    half = {"kind": "lora", "adapters_of": "direct_lora", "inference_scale": 0.5}
    settings = load([DEFAULT], {"methods": {"half": half}})
    own, source = settings.method("half"), settings.method("direct_lora")
    differing = {"adapters_of": "direct_lora", "inference_scale": 0.5}
    assert own == source.model_copy(update=differing)
    assert settings.trained_methods == ["direct_lora", "dreamrelation"] == settings.exported_methods
    assert settings.learner("half") == "direct_lora" and settings.learner("base") == "base"
    assert load([DEFAULT], settings.model_dump(mode="json")) == settings, "resolved settings say the same"


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (
            {"adapters_of": "nobody"},
            "methods.half.adapters_of: found 'nobody', expected a method that is trained itself",
        ),
        ({"adapters_of": "half"}, "methods.half.adapters_of: found 'half'"),
        ({"adapters_of": "direct_lora", "steps": 7}, "methods.half.steps: is a setting of the training"),
    ],
)
def test_a_method_cannot_take_adapters_of_another_training(method: dict[str, object], expected: str) -> None:
    with pytest.raises(UserError, match=re.escape(expected)):
        load([DEFAULT], {"methods": {"half": {"kind": "lora", **method}}})


def test_a_placement_replaces_the_default_one() -> None:
    swapped = {"kind": "lora", "placement": {"relation": ["value"], "ffn": ["output"]}}
    settings = from_mapping(changed(methods={"swapped": swapped}), "test.yaml")
    assert settings.method("swapped").placement == {"relation": ("value",), "ffn": ("output",)}  # type: ignore[attr-defined]
    with pytest.raises(UserError, match="method 'unknown' is not in the configuration, expected one of base"):
        settings.method("unknown")


def test_what_all_methods_share_reaches_the_trained_ones_and_no_others() -> None:
    settings = from_mapping(changed(training={"learning_rate": 0.5}), "test.yaml")
    assert {m.learning_rate for m in settings.methods.values() if m.trains} == {0.5}  # type: ignore[attr-defined]
    assert not hasattr(settings.method("base"), "learning_rate")
    own = from_mapping(changed(methods={"dreamrelation": {"learning_rate": 0.25}}), "test.yaml")
    assert own.method("dreamrelation").learning_rate == 0.25  # type: ignore[attr-defined]


def test_laying_over_merges_replaces_other_kinds_and_takes_presets_away() -> None:
    base = {"masks": {"segmenter": {"kind": "a", "x": 1}, "scale": 2}, "metrics": {"m": {"kind": "k"}, "n": {}}}
    over = {"masks": {"segmenter": {"kind": "b"}}, "metrics": {"m": None, "o": {"kind": "k"}}}
    merged = overlay(base, over)
    assert merged == {"masks": {"segmenter": {"kind": "b"}, "scale": 2}, "metrics": {"n": {}, "o": {"kind": "k"}}}
    assert overlay(base, {"masks": {"segmenter": {"x": 3}}})["masks"]["segmenter"] == {"kind": "a", "x": 3}
    assert base["metrics"]["m"] == {"kind": "k"}, "the base was changed"
    with pytest.raises(UserError, match=r"metrics.x is null, but there is no such name to take away: m, n"):
        overlay(base, {"metrics": {"x": None}})


def test_each_stage_gets_its_slice_and_reads_it_again_from_json() -> None:
    settings = load([DEFAULT, NTU])
    for stage, model in STAGES.items():
        given = model.of(settings, Chosen("dreamrelation", "clip_t", "hugging"))
        assert model.model_validate_json(given.model_dump_json()) == given, stage
        assert "machine" not in type(given).model_fields, stage


def test_a_stage_knows_only_the_parts_of_the_model_that_it_uses() -> None:
    settings = load([DEFAULT, NTU])
    other = from_mapping(overlay(settings.model_dump(), {"model": {"precision": {"denoiser": "float32"}}}), "test")
    chosen = Chosen("dreamrelation", relation="hugging")
    for stage in (CaptionsStage, PromptsStage, LatentsStage):
        assert stage.of(settings, chosen) == stage.of(other, chosen)
    for stage in (TrainStage, GenerateStage):
        assert stage.of(settings, Chosen("dreamrelation", relation="hugging")) != stage.of(
            other, Chosen("dreamrelation", relation="hugging")
        )


def test_resolved_settings_are_the_same_settings(tmp_path: Path) -> None:
    settings = load([DEFAULT])
    write_settings(settings, tmp_path / "settings.yaml")
    assert load([tmp_path / "settings.yaml"]) == settings
