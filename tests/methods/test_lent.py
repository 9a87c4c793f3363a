"""A model that is lent to one method after the other: each finds it as it was opened."""

from pathlib import Path
from typing import Any, cast

import pytest
import torch
from tests.tiny_models import ONE_TRANSFORMER, opened
from tests.training.setups import RandomTexts
from torch import nn

from dreamrelation.backbones.interface import Denoiser
from dreamrelation.methods.interface import OpenModel, TrainedMethod
from dreamrelation.methods.lent import lent
from dreamrelation.settings.kinds import METHODS
from dreamrelation.settings.model import ModelSettings
from dreamrelation.settings.registry import implementation_of

GRID = (2, 4, 6)
KINDS: dict[str, dict[str, Any]] = {
    "lora": {"rank": 2, "alpha": 2},
    "textual_inversion": {},
    "motion_embedding": {},
}
STREAMED = {"stream_weights": True, "gradient_checkpointing": True}
BACKBONES = (*ONE_TRANSFORMER, "random_wan_2_2_a14b")


def method_of(kind: str) -> TrainedMethod:
    settings = METHODS.read({"kind": kind, **KINDS[kind]})
    return cast(TrainedMethod, implementation_of(settings)(settings))


def learned(kind: str, settings: ModelSettings, folder: Path) -> Path:
    """What a method of this kind would have learned: anything but nothing."""
    method = method_of(kind)
    method.attach(OpenModel(opened(settings), RandomTexts(32, settings)), GRID, 0)
    for number, parameter in enumerate(method.parameters().values()):
        parameter.data = 0.3 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(number))
    folder.mkdir()
    method.save(folder, {})
    return folder


def answer(denoiser: Denoiser, settings: ModelSettings) -> torch.Tensor:
    texts = RandomTexts(32, settings).look_up(["caption"])
    noisy = torch.randn(1, denoiser.channels, *GRID, generator=torch.Generator().manual_seed(7))
    with torch.no_grad():
        return denoiser.velocity(noisy, torch.tensor([0.5]), texts)


def layers(module: nn.Module) -> dict[str, tuple[int, int, set[str]]]:
    """Name → which layer it is, with how many hooks and which attributes."""
    return {
        name: (id(layer), len(layer._forward_pre_hooks) + len(layer._forward_hooks), set(vars(layer)))
        for name, layer in module.named_modules()
    }


@pytest.mark.parametrize(
    "machine", [{}, {"stream_weights": True, "gradient_checkpointing": True}], ids=["", "streamed"]
)
@pytest.mark.parametrize("backbone", BACKBONES)
def test_each_method_answers_as_if_it_were_alone_and_leaves_the_base_model(
    backbone: str, machine: dict[str, object], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    settings: ModelSettings = request.getfixturevalue(backbone)
    model = OpenModel(opened(settings, **machine), RandomTexts(32, settings))
    denoiser = model.denoiser
    base, before = answer(denoiser, settings), layers(denoiser.module)
    folders = {kind: learned(kind, settings, tmp_path / kind) for kind in KINDS}
    alone: dict[str, torch.Tensor] = {}
    for kind, folder in folders.items():
        single = OpenModel(opened(settings, **machine), RandomTexts(32, settings))
        method_of(kind).load(single, GRID, folder)
        alone[kind] = answer(single.denoiser, settings)
    for kind in (*KINDS, *reversed(KINDS)):
        with lent(denoiser.module):
            method_of(kind).load(model, GRID, folders[kind])
            assert torch.equal(answer(denoiser, settings), alone[kind]), kind
        assert torch.equal(answer(denoiser, settings), base), kind
        assert layers(denoiser.module) == before
    assert torch.equal(alone["textual_inversion"], base), "what it learned is in the texts"
    assert not torch.equal(alone["lora"], base) and not torch.equal(alone["motion_embedding"], base)


def test_a_method_that_fails_to_load_leaves_nothing(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    settings: ModelSettings = request.getfixturevalue("random_mochi")
    model = OpenModel(opened(settings), RandomTexts(32, settings))
    before = layers(model.denoiser.module)
    for kind in ("lora", "motion_embedding"):
        with pytest.raises(ValueError, match="no such file"), lent(model.denoiser.module):
            method_of(kind).load(model, GRID, tmp_path)
        assert layers(model.denoiser.module) == before


def test_a_method_from_outside_is_taken_out_as_well() -> None:
    """Whatever it puts in: a layer in the place of another, a hook, a parameter, an attribute, a forward function."""
    module = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    given = torch.ones(1, 2)
    expected = module(given)
    with lent(module):
        module[0].register_forward_hook(lambda layer, args, answer: -answer)
        module[0].register_parameter("own", nn.Parameter(torch.zeros(1)))
        module[1] = nn.Identity()
        module.append(nn.Tanh())
        module.note = "mine"  # type: ignore[assignment]
        first = module[0]
        first.forward = lambda given: given
        assert not torch.equal(module(given), expected)
    assert torch.equal(module(given), expected) and len(module) == 2 and not hasattr(module, "note")
    assert [name for name, _ in module.named_parameters()] == ["0.weight", "0.bias"]
