"""`check-adapter` passes a LoRA that works, and fails one that does nothing or does not fit."""

from pathlib import Path
from typing import Any, cast

import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.tiny_models import TOKENS, opened

from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.errors import UserError
from dreamrelation.methods.interface import OpenModel
from dreamrelation.methods.lora.export import LoraExport
from dreamrelation.methods.lora.method import Lora
from dreamrelation.methods.lora.settings import LoraSettings
from dreamrelation.settings.model import ModelSettings
from dreamrelation.stages import check_adapter
from dreamrelation.stages.check_adapter import problem_of
from dreamrelation.texts.cache import TextCache

SMALL: dict[str, Any] = {
    "height": 32, "width": 48, "frames": 7, "steps": 2, "precision": "float32", "device": "cpu",
    "call": {"max_sequence_length": TOKENS},
}  # fmt: skip


def file_of(settings: ModelSettings, folder: Path) -> Path:
    """An exported LoRA whose matrices are all random."""
    lora = LoraSettings(rank=2, alpha=3)
    method = Lora(lora)
    method.attach(OpenModel(opened(settings), cast(TextCache, None)), (2, 4, 6), seed=0)
    generator = torch.Generator().manual_seed(1)
    for parameter in method.parameters().values():
        parameter.data = 0.2 * torch.randn(parameter.shape, generator=generator)
    method.save(folder, {})
    name, *_ = LoraExport(lora).write(folder, settings.spec, folder, "hugging", {})
    return folder / name


def test_a_lora_that_works_is_described(
    random_mochi: MochiSettings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = check_adapter.run(file=file_of(random_mochi, tmp_path), model=random_mochi.path, **SMALL)
    assert found["stored"] == found["loaded"] == 2 * 11, "query, key and output of both branches, of two blocks"
    assert {facts["rank"] for facts in found["layers"].values()} == {2}
    assert {facts["scale"] for facts in found["layers"].values()} == {1.5}
    assert found["change"] > 0.01
    stored = load_file(tmp_path / "hugging.safetensors")
    name = "transformer.transformer_blocks.0.attn1.to_q"
    change = 1.5 * stored[f"{name}.lora_B.weight"] @ stored[f"{name}.lora_A.weight"]
    assert found["layers"][name]["norm"] == pytest.approx(float(change.norm()), rel=1e-4)
    text = capsys.readouterr().out
    assert "22 loaded of 22 stored" in text and "transformer.transformer_blocks.1" in text and "scale 1.5" in text


def test_a_lora_that_does_nothing_fails(random_mochi: MochiSettings, tmp_path: Path) -> None:
    file = file_of(random_mochi, tmp_path)
    silent = {name: value * ("lora_A" in name) for name, value in load_file(file).items()}
    save_file(silent, file)
    with pytest.raises(UserError, match="it does nothing: all of its changes are zero"):
        check_adapter.run(file=file, model=random_mochi.path, **SMALL)


def test_a_lora_of_another_model_fails(random_mochi: MochiSettings, tmp_path: Path) -> None:
    file = file_of(random_mochi, tmp_path)
    save_file({name.replace("attn1", "attn7"): value for name, value in load_file(file).items()}, file)
    with pytest.raises(UserError, match=r"hugging.safetensors: (diffusers|it does nothing)"):
        check_adapter.run(file=file, model=random_mochi.path, **SMALL)


def test_missing_files_and_models_are_named(tmp_path: Path, random_mochi: MochiSettings) -> None:
    with pytest.raises(UserError, match=r"nothing.safetensors: no such file"):
        check_adapter.run(file=tmp_path / "nothing.safetensors", model=random_mochi.path, **SMALL)
    file = file_of(random_mochi, tmp_path)
    with pytest.raises(UserError, match=r"hugging.safetensors: diffusers cannot use it with .*nowhere"):
        check_adapter.run(file=file, model=str(tmp_path / "nowhere"), **SMALL)


def test_each_problem_is_told_apart() -> None:
    good: dict[str, Any] = {
        "stored": 4, "loaded": 4, "not_loaded": [], "finite": True, "change": 0.1, "layers": {"a": {"norm": 1.0}}
    }  # fmt: skip
    assert problem_of(good) is None
    assert "loads none of its 4" in str(problem_of({**good, "loaded": 0}))
    assert "leaves out 1 of its 4 tensors, such as b" in str(problem_of({**good, "not_loaded": ["b"]}))
    assert "not finite" in str(problem_of({**good, "finite": False}))
    assert "all of its changes are zero" in str(problem_of({**good, "layers": {"a": {"norm": 0.0}}}))
    assert "the latents change by 1.0e-06" in str(problem_of({**good, "change": 1e-6}))
