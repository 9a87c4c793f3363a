"""Placement, activation and storage of the adapters, on diffusers' own transformer."""

from collections import Counter
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn

from dreamrelation.backbones.interface import Denoiser, TextEmbeddings, projection_modules
from dreamrelation.backbones.mochi.backbone import Mochi
from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.errors import UserError
from dreamrelation.flow import add_noise
from dreamrelation.losses.contrastive import RelationalContrast
from dreamrelation.methods.interface import PredictedStep
from dreamrelation.methods.lora.activation import AdapterSwitch
from dreamrelation.methods.lora.method import Lora
from dreamrelation.methods.lora.placement import adapter_parameters, place
from dreamrelation.methods.lora.roles import active_adapters
from dreamrelation.methods.lora.settings import PAPER_PLACEMENT, LoraSettings
from dreamrelation.methods.lora.storage import load_adapter, save_adapter
from dreamrelation.randomness import generator_for
from dreamrelation.roles import ROLES, Role
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import Precisions

RANK = ALPHA = 4


def open_denoiser(settings: MochiSettings) -> Denoiser:
    return Mochi(settings, MachineSettings(device="cpu")).denoiser()


def placed(settings: MochiSettings) -> Denoiser:
    denoiser = open_denoiser(settings)
    place(denoiser, PAPER_PLACEMENT, RANK, ALPHA, seed=0)
    return denoiser


def answer(denoiser: Denoiser) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    texts = TextEmbeddings(torch.randn(1, 32, 64, generator=generator), torch.ones(1, 32, dtype=torch.bool))
    with torch.no_grad():
        return denoiser.velocity(torch.randn(1, 12, 2, 4, 6, generator=generator), torch.tensor([0.5]), texts)


def disturb(denoiser: Denoiser, adapter: str) -> None:
    generator = torch.Generator().manual_seed(1)
    for parameter in adapter_parameters(denoiser.module, adapter).values():
        parameter.data = 0.3 * torch.randn(parameter.shape, generator=generator)


def test_each_adapter_sits_on_exactly_its_modules(random_mochi: MochiSettings) -> None:
    denoiser = placed(random_mochi)
    for adapter, projections in PAPER_PLACEMENT.items():
        names = {name.split(".lora_")[0] for name in adapter_parameters(denoiser.module, adapter)}
        assert names == set(projection_modules(denoiser, projections))
        assert all(p.dtype == torch.float32 for p in adapter_parameters(denoiser.module, adapter).values())


def test_fresh_adapters_change_nothing_and_start_from_the_seed(random_mochi: MochiSettings) -> None:
    denoiser = placed(random_mochi)
    AdapterSwitch(denoiser.module).activate(tuple(PAPER_PLACEMENT))
    assert torch.equal(answer(denoiser), answer(open_denoiser(random_mochi)))
    first, again = (adapter_parameters(placed(random_mochi).module, "relation") for _ in range(2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(bool((value != 0).any()) for name, value in first.items() if "lora_A" in name)
    assert all(bool((value == 0).all()) for name, value in first.items() if "lora_B" in name)


@pytest.mark.parametrize("role", (*ROLES, "relation_alone"))
def test_a_drawn_role_trains_exactly_its_adapters(role: Role, random_mochi: MochiSettings) -> None:
    denoiser = placed(random_mochi)
    expected = {
        "relation": {"relation", "subject1", "subject2", "ffn"},
        "subject1": {"subject1", "ffn"},
        "subject2": {"subject2", "ffn"},
        "relation_alone": {"relation", "ffn"},
    }[role]
    AdapterSwitch(denoiser.module).activate(active_adapters(role, tuple(PAPER_PLACEMENT)))
    trainable = {name for name, parameter in denoiser.module.named_parameters() if parameter.requires_grad}
    wanted = {name for adapter in expected for name in adapter_parameters(denoiser.module, adapter)}
    assert trainable == wanted


def test_an_adapter_that_is_off_takes_no_part(random_mochi: MochiSettings) -> None:
    denoiser = placed(random_mochi)
    AdapterSwitch(denoiser.module).activate(("relation", "ffn"))
    before = answer(denoiser)
    disturb(denoiser, "subject1")
    assert torch.equal(answer(denoiser), before)
    AdapterSwitch(denoiser.module).activate(("relation", "subject1", "ffn"))
    assert not torch.equal(answer(denoiser), before)
    AdapterSwitch(denoiser.module).activate(())
    assert torch.equal(answer(denoiser), answer(open_denoiser(random_mochi)))


def test_switching_touches_only_layers_whose_adapters_change(
    random_mochi: MochiSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no module is walked: the number of calls does not depend on how many modules the model has."""
    denoiser = placed(random_mochi)
    switch = AdapterSwitch(denoiser.module)
    switch.activate(("relation", "subject1", "ffn"))
    changed: list[list[str]] = []
    set_adapter = LoraLayer.set_adapter
    monkeypatch.setattr(LoraLayer, "set_adapter", lambda self, names: (changed.append(names), set_adapter(self, names)))
    monkeypatch.setattr(type(denoiser.module), "modules", None)
    monkeypatch.setattr(type(denoiser.module), "named_parameters", None)
    switch.activate(("relation", "subject1", "ffn"))
    assert changed == []
    switch.activate(("relation", "subject2", "ffn"))
    assert changed == [["subject2"]] * 4, "to_v and add_v_proj of two blocks"


def saved_types(layer: nn.Module, states: Tensor) -> tuple[Tensor, set[torch.dtype]]:
    """The answer, and the types of all that was kept for the backward pass, which has been."""
    saved = set()

    def pack(tensor: Tensor) -> Tensor:
        saved.add(tensor.dtype)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        answer = layer(states)
    answer.float().square().sum().backward()
    return answer, saved


def test_adapters_multiply_in_the_models_precision_and_are_kept_in_float32(random_mochi: MochiSettings) -> None:
    """Of a bfloat16 model nothing is saved in float32 for the backward pass; answer and gradients stay close."""
    found = []
    for precision in ("float32", "bfloat16"):
        denoiser = open_denoiser(random_mochi.model_copy(update={"precision": Precisions(denoiser=precision)}))
        place(denoiser, PAPER_PLACEMENT, RANK, ALPHA, seed=0)
        for adapter in PAPER_PLACEMENT:
            disturb(denoiser, adapter)
        wanted = AdapterSwitch(denoiser.module).activate(tuple(PAPER_PLACEMENT))
        layer = denoiser.module.get_submodule("transformer_blocks.0.attn1.to_v")
        generator = torch.Generator().manual_seed(3)
        width = cast(nn.Linear, layer.get_submodule("base_layer")).in_features
        states = torch.randn(3, width, generator=generator)
        answer, saved = saved_types(layer, states.to(denoiser.dtype))
        assert answer.dtype == denoiser.dtype
        assert all(parameter.dtype == torch.float32 for parameter in wanted.values())
        assert precision == "float32" or torch.float32 not in saved
        gradients = [p.grad.flatten() for p in wanted.values() if p.grad is not None]
        assert len(gradients) == 4, "A and B of both subjects"
        found.append((answer.detach().float(), torch.cat(gradients)))
    torch.testing.assert_close(found[0][0], found[1][0], rtol=0.05, atol=0.05)
    assert torch.nn.functional.cosine_similarity(found[0][1], found[1][1], dim=0) > 0.999


def test_unknown_adapters_and_empty_projections_raise(random_mochi: MochiSettings) -> None:
    denoiser = placed(random_mochi)
    with pytest.raises(KeyError, match="direct"):
        AdapterSwitch(denoiser.module).activate(("direct",))
    with pytest.raises(UserError, match="no projection 'nothing'"):
        place(open_denoiser(random_mochi), {"relation": ("nothing",)}, RANK, ALPHA, 0)


def test_storage_round_trip_and_what_it_refuses(random_mochi: MochiSettings, tmp_path: Path) -> None:
    source, target = placed(random_mochi), placed(random_mochi)
    disturb(source, "relation")
    save_adapter(source, "relation", tmp_path, {"rank": RANK, "alpha": ALPHA})
    load_adapter(target, "relation", tmp_path)
    for name, value in adapter_parameters(source.module, "relation").items():
        assert torch.equal(adapter_parameters(target.module, "relation")[name], value)
    with pytest.raises(UserError, match="ffn.safetensors"):
        load_adapter(target, "ffn", tmp_path)
    (tmp_path / "relation.safetensors").rename(tmp_path / "ffn.safetensors")
    with pytest.raises(UserError, match=r"ffn.safetensors: its tensors are not those of the method's settings"):
        load_adapter(target, "ffn", tmp_path)
    (tmp_path / "ffn.safetensors").write_bytes(b"nonsense")
    with pytest.raises(UserError, match="not a whole safetensors file"):
        load_adapter(target, "ffn", tmp_path)


def test_roles_are_drawn_as_often_as_they_weigh() -> None:
    assert Lora(LoraSettings()).roles == ROLES
    weights = {"relation": 2, "relation_alone": 3, "subject1": 1, "subject2": 0}
    roles = Lora(LoraSettings.model_validate({"role_weights": weights})).roles
    assert Counter(roles) == {"relation": 2, "relation_alone": 3, "subject1": 1}
    assert Lora(LoraSettings(hybrid_masks=False)).roles == ()
    with pytest.raises(ValueError, match="expected at least one role with a weight above 0"):
        LoraSettings.model_validate({"role_weights": {"relation": 0}})


def step_of(role: Role | None, **over: Any) -> PredictedStep:
    """Of two clips; the mask of the relation is one half, those of the subjects are other numbers."""
    random = torch.Generator().manual_seed(1)
    clean, noise, off = (torch.randn(2, 3, 4, 2, 2, generator=random, dtype=torch.float64) for _ in range(3))
    sigma = torch.tensor([0.25, 0.75], dtype=torch.float64)
    latents = add_noise(clean, noise, sigma)
    masks = {name: torch.full((2, 4, 2, 2), share) for name, share in zip(ROLES, (0.5, 0.1, 0.2), strict=True)}
    fields: dict[str, Any] = {
        "predicted": latents.velocity + off, "target": latents.velocity, "noisy": latents.noisy, "sigma": sigma,
        "role": role, "clips": ["a", "b"], "masks": masks, "randomness": (0, 0),
    }  # fmt: skip
    return PredictedStep(**{**fields, **over})


def test_the_relation_alone_has_the_relations_mask() -> None:
    def total(role: Role) -> Tensor:
        return Lora(LoraSettings(contrastive=None)).loss(step_of(role)).total

    assert torch.equal(total("relation_alone"), total("relation"))
    assert not torch.equal(total("relation_alone"), total("subject1"))


def test_the_clean_latents_that_a_right_prediction_implies_are_the_clip() -> None:
    random = torch.Generator().manual_seed(2)
    clean, noise = (torch.randn(2, 3, 4, 2, 2, generator=random, dtype=torch.float64) for _ in range(2))
    latents = add_noise(clean, noise, torch.tensor([0.1, 0.9], dtype=torch.float64))
    step = step_of(
        None, predicted=latents.velocity, noisy=latents.noisy, sigma=torch.tensor([0.1, 0.9], dtype=torch.float64)
    )
    assert torch.allclose(step.predicted_clean, clean, atol=1e-12)


@pytest.mark.parametrize(("of", "contrasted"), [("velocity", "predicted"), ("clean_latents", "predicted_clean")])
def test_what_is_contrasted_is_a_setting(of: str, contrasted: str) -> None:
    """The second step's loss is that of the contrast itself, asked about the tensor that the setting names."""
    settings = LoraSettings.model_validate({"contrastive": {"of": of}})
    method, steps = Lora(settings), [step_of("relation"), step_of("relation", clips=["c", "d"], randomness=(0, 1))]
    assert settings.contrastive is not None
    contrast = RelationalContrast(settings.contrastive)
    expected = [
        contrast(getattr(step, contrasted), step.clips, generator_for("contrast", *step.randomness)) for step in steps
    ]
    found = [method.loss(step).terms.get("contrastive") for step in steps]
    assert found[1] is not None and expected[1] is not None and torch.equal(found[1], expected[1])
    assert not torch.equal(steps[1].predicted, steps[1].predicted_clean)
