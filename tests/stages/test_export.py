"""The export stage: one file that plain diffusers loads, one for ComfyUI that does the same, and a model card."""

import ast
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
import yaml
from safetensors import safe_open
from safetensors.torch import load_file
from tests.tiny_models import Kind, opened

from dreamrelation import config
from dreamrelation.backbone_spec import BackboneSpec
from dreamrelation.backbones.mochi.spec import MOCHI
from dreamrelation.errors import UserError
from dreamrelation.methods.files import write_manifest
from dreamrelation.methods.interface import OpenModel
from dreamrelation.methods.lora.export import LowRank, by_name, for_comfyui, joined
from dreamrelation.methods.lora.method import Lora
from dreamrelation.methods.lora.settings import LoraSettings
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.settings.overlay import overlay
from dreamrelation.settings.stages import Chosen, ExportStage
from dreamrelation.stages import export
from dreamrelation.stages.export import model_card
from dreamrelation.texts.cache import TextCache

ROOT = Path(__file__).parents[2]
RANK, ALPHA = 4, 6
GRID = (2, 4, 6)


def experiment(kind: Kind, **method: object) -> ExperimentSettings:
    """The demo with this model and one LoRA method."""
    over: dict[str, Any] = {
        "model": kind.settings.model_dump(mode="json"),
        "methods": {"direct_lora": None, "dreamrelation": {"rank": RANK, "alpha": ALPHA, **method}},
        "generation": {"pixel_frames": kind.pixel_frames(5)},
        "clips": {"pixel_frames": [kind.pixel_frames(5)]},
    }
    demo = config.load([ROOT / "config.yaml"]).model_dump(mode="json")
    return config.from_mapping(overlay(demo, over), "test")


def exported(kind: Kind, folder: Path, **method: object) -> Path:
    """The folder that the stage writes of random adapters."""
    settings = experiment(kind, **method)
    lora = settings.method("dreamrelation")
    assert isinstance(lora, LoraSettings)
    learner = Lora(lora)
    learner.attach(OpenModel(opened(kind.settings), cast(TextCache, None)), GRID, seed=0)
    generator = torch.Generator().manual_seed(1)
    for parameter in learner.parameters().values():
        parameter.data = 0.1 * torch.randn(parameter.shape, generator=generator)
    adapters = folder / "adapters"
    adapters.mkdir(parents=True)
    learner.save(adapters, {"relation": "hugging"})
    write_manifest(folder / "adapters.json", adapters)
    run(settings, folder)
    return folder / "export"


def run(settings: ExperimentSettings, folder: Path, method: str = "dreamrelation") -> None:
    export.run(
        settings=ExportStage.of(settings, Chosen(method, relation="hugging")),
        relation="hugging",
        method=method,
        adapters=folder / "adapters",
        adapters_manifest=folder / "adapters.json",
        export=folder / "export",
    )


def changes(tensors: dict[str, torch.Tensor], scale: float) -> dict[str, torch.Tensor]:
    """Layer → ΔW, float64."""
    ends = (".lora_A.weight", ".lora_B.weight")
    layers = {name.removesuffix(end) for name in tensors for end in ends if name.endswith(end)}
    return {n: scale * tensors[n + ends[1]].double() @ tensors[n + ends[0]].double() for n in layers}


def native(spec: BackboneSpec, layer: str) -> tuple[str, int, int]:
    """ComfyUI's name of a layer of diffusers, and which part of it this is: by the table of the spec."""
    blocks, number, own = layer.split(".", 2)
    there = spec.native_layers[f"{blocks}.{own}"]
    return f"diffusion_model.{spec.native_blocks[blocks]}.{number}.{there.name}", there.part, there.of


def test_both_files_change_each_layer_as_the_adapters_do(kind: Kind, tmp_path: Path) -> None:
    """Round trip: what is cut out of ComfyUI's layers is what the adapters do, and the rest of them stays."""
    folder = exported(kind, tmp_path)
    adapters = {
        **load_file(tmp_path / "adapters/relation.safetensors"),
        **load_file(tmp_path / "adapters/ffn.safetensors"),
    }
    expected = changes(adapters, ALPHA / RANK)
    found = changes(load_file(folder / "hugging_dreamrelation.safetensors"), ALPHA / RANK)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    spec = kind.spec
    if not spec.native_layers:
        assert not list(folder.glob("*comfyui*")), "names there are not known"
        return
    for part, suffix in spec.native_parts.items():
        theirs = changes(load_file(folder / f"hugging_dreamrelation_comfyui{suffix}.safetensors"), 1.0)
        ours = {n.removeprefix(f"{part}."): value for n, value in expected.items() if n.startswith(f"{part}.")}
        seen: set[tuple[str, int]] = set()
        for layer, change in ours.items():
            name, number, of = native(spec, layer)
            assert theirs[name].shape == (of * len(change), change.shape[1])
            torch.testing.assert_close(theirs[name].chunk(of)[number], change, rtol=1e-6, atol=1e-7)
            seen.add((name, number))
        assert {name for name, _ in seen} == theirs.keys()
        for layer in ours:
            name, _, of = native(spec, layer)
            untouched = [piece for number, piece in enumerate(theirs[name].chunk(of)) if (name, number) not in seen]
            assert not any(piece.any() for piece in untouched)


LOADED = """
import json, sys
import torch
from diffusers import DiffusionPipeline
folder, model, names = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
for number, name in enumerate(names):
    pipeline = DiffusionPipeline.from_pretrained(model)
    pipeline.load_lora_weights(folder, weight_name=name)
    layers = {
        key.removesuffix(".lora_A.default_0.weight"): value
        for key, value in pipeline.transformer.named_parameters() if ".lora_A.default_0." in key
    }
    change = {}
    for key in layers:
        layer = pipeline.transformer.get_submodule(key)
        change[key] = layer.get_delta_weight("default_0").double().contiguous()
    torch.save(change, f"{folder}/{number}.pt")
assert not [module for module in sys.modules if module.split(".")[0] == "dreamrelation"]
"""


@pytest.mark.parametrize("name", ["mochi", "wan"])
def test_a_process_without_this_package_loads_both(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """diffusers reads Wan's native names too, so that ComfyUI's file is read by a program that is not ours."""
    kind = Kind(request.getfixturevalue(f"random_{name}"))
    folder = exported(kind, tmp_path)
    names = ["hugging_dreamrelation.safetensors"]
    if kind.settings.kind == "wan":
        names.append("hugging_dreamrelation_comfyui.safetensors")
    command = [sys.executable, "-I", "-c", LOADED, str(folder), kind.settings.path, json.dumps(names)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    expected = changes(load_file(folder / names[0]), ALPHA / RANK)
    expected = {n.removeprefix("transformer."): v for n, v in expected.items() if n.startswith("transformer.")}
    for number in range(len(names)):
        found = torch.load(folder / f"{number}.pt", weights_only=True)
        assert found.keys() == expected.keys()
        for name, change in expected.items():
            torch.testing.assert_close(found[name], change, rtol=1e-5, atol=1e-6)


def test_two_adapters_on_one_layer_become_one() -> None:
    generator = np.random.default_rng(0)
    shapes = {".lora_A.weight": (2, 5), ".lora_B.weight": (3, 2)}
    first, second = (
        {f"transformer.blocks.0.attn1.to_q{end}": generator.normal(size=shape) for end, shape in shapes.items()}
        for _ in range(2)
    )
    ((name, both),) = joined([first, second]).items()
    apart = sum(t[f"{name}.lora_B.weight"] @ t[f"{name}.lora_A.weight"] for t in (first, second))
    np.testing.assert_allclose(both.up @ both.down, apart, atol=1e-12)
    assert both.rank == 4 and by_name({name: both}).keys() == first.keys()


def test_a_file_of_joined_adapters_tells_diffusers_their_ranks(kind: Kind, tmp_path: Path) -> None:
    placement = {"relation": ["query", "key"], "subject1": ["value"], "subject2": ["value"], "ffn": ["query"]}
    folder = exported(kind, tmp_path, placement=placement)
    with safe_open(folder / "hugging_dreamrelation.safetensors", "pt") as file:
        told = json.loads(file.metadata()["lora_adapter_metadata"])
    for part in kind.spec.native_parts:
        ranks, alphas = told[f"{part}.rank_pattern"], told[f"{part}.alpha_pattern"]
        assert set(ranks.values()) == {2 * RANK} and set(alphas.values()) == {2 * ALPHA}
        assert all(re.search(r"to_q|add_q_proj", layer) for layer in ranks)


def test_parts_of_another_layer_do_not_get_into_each_others_rows() -> None:
    """Three parts, of which the first and the last are changed."""
    one = LowRank(np.ones((1, 2), np.float32), np.full((2, 1), 3, np.float32))
    other = LowRank(np.full((1, 2), 2, np.float32), np.full((2, 1), 5, np.float32))
    layers = {"transformer_blocks.0.attn1.to_q": one, "transformer_blocks.0.attn1.to_v": other}
    found = for_comfyui(layers, MOCHI, scale=2.0)
    name = "diffusion_model.blocks.0.attn.qkv_x"
    change = found[f"{name}.lora_B.weight"] @ found[f"{name}.lora_A.weight"]
    np.testing.assert_array_equal(change, np.repeat([[6.0], [0.0], [20.0]], 2, axis=0) * np.ones((6, 2)))


def test_the_card_says_what_and_how(kind: Kind, tmp_path: Path) -> None:
    folder = exported(kind, tmp_path)
    text = (folder / "README.md").read_text(encoding="utf-8")
    head = yaml.safe_load(text.split("---")[1])
    assert head["base_model"] == kind.settings.path and "lora" in head["tags"]
    assert "A dog is hugging a cat." in text and f"| rank | {RANK} |" in text
    for file in folder.glob("*.safetensors"):
        assert f"`{file.name}`" in text
    code = text.split("```python")[1].split("```")[0]
    compile(code, "card", "exec")
    assert ("transformer_2" in code) == (len(kind.spec.native_parts) == 2)


def test_what_a_relation_and_a_model_are_called_is_text_in_the_card(kind: Kind) -> None:
    """Whoever is given the card copies its code; a quotation mark must not end the string there."""
    caption = 'x"); import os; os.system("touch pwned") # | <script>alert(1)</script> {{ 7 * 7 }} {% x %}'
    stage = ExportStage.of(experiment(kind), Chosen(method="dreamrelation", relation="hugging"))
    predicate = f"is {{other}} {caption.replace('{', '{{').replace('}', '}}')}"
    relation = replace(stage.relation, predicate=predicate, clip_caption=caption)
    path = 'a: b"\nlicense: mit\n'
    model = stage.model.model_copy(update={"path": path})
    odd = stage.model_copy(update={"relation": relation, "model": model})
    text = model_card(odd, "hugging", "dreamrelation", ["a.safetensors"], {"a": "0"})
    head = yaml.safe_load(text.split("---")[1])
    assert head["base_model"] == path and "license" not in head
    code = text.split("```python")[1].split("```")[0]
    calls = [ast.unparse(node.func) for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    assert not any("system" in call for call in calls)
    strings = [node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant)]
    assert f"A dog is a cat {caption}." in strings and path in strings
    assert "<script>" not in text.replace(code, "") and "49" not in text


def test_equal_adapters_give_equal_bytes(kind: Kind, tmp_path: Path) -> None:
    first, second = (exported(kind, tmp_path / name) for name in ("a", "b"))
    assert [path.name for path in sorted(first.iterdir())] == [path.name for path in sorted(second.iterdir())]
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes()


def test_what_cannot_be_exported_is_refused(kind: Kind, tmp_path: Path) -> None:
    exported(kind, tmp_path)
    with pytest.raises(UserError, match="'base' is of the kind 'none': no other program"):
        run(experiment(kind), tmp_path, method="base")
    (tmp_path / "adapters/ffn.safetensors").write_bytes(b"nonsense")
    with pytest.raises(UserError, match=r"ffn.safetensors: found the SHA-256"):
        run(experiment(kind), tmp_path)
    (tmp_path / "export/thesis.txt").touch()
    with pytest.raises(UserError, match=r"found 'thesis.txt' in it"):
        run(experiment(kind), tmp_path)
