"""Placement, activation and storage of the adapters, on diffusers' own transformer."""

from pathlib import Path

import pytest
import torch

from dreamrelation.backbones.interface import Denoiser, TextEmbeddings, projection_modules
from dreamrelation.backbones.mochi.backbone import Mochi
from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.errors import UserError
from dreamrelation.methods.lora.activation import activate
from dreamrelation.methods.lora.placement import adapter_parameters, place
from dreamrelation.methods.lora.roles import active_adapters
from dreamrelation.methods.lora.settings import PAPER_PLACEMENT
from dreamrelation.methods.lora.storage import load_adapter, save_adapter
from dreamrelation.roles import ROLES, Role
from dreamrelation.settings.machine import MachineSettings

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
    activate(denoiser.module, tuple(PAPER_PLACEMENT))
    assert torch.equal(answer(denoiser), answer(open_denoiser(random_mochi)))
    first, again = (adapter_parameters(placed(random_mochi).module, "relation") for _ in range(2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(bool((value != 0).any()) for name, value in first.items() if "lora_A" in name)
    assert all(bool((value == 0).all()) for name, value in first.items() if "lora_B" in name)


@pytest.mark.parametrize("role", ROLES)
def test_a_drawn_role_trains_exactly_its_adapters(role: Role, random_mochi: MochiSettings) -> None:
    denoiser = placed(random_mochi)
    expected = {
        "relation": {"relation", "subject1", "subject2", "ffn"},
        "subject1": {"subject1", "ffn"},
        "subject2": {"subject2", "ffn"},
    }[role]
    activate(denoiser.module, active_adapters(role, tuple(PAPER_PLACEMENT)))
    trainable = {name for name, parameter in denoiser.module.named_parameters() if parameter.requires_grad}
    wanted = {name for adapter in expected for name in adapter_parameters(denoiser.module, adapter)}
    assert trainable == wanted


def test_an_adapter_that_is_off_takes_no_part(random_mochi: MochiSettings) -> None:
    denoiser = placed(random_mochi)
    activate(denoiser.module, ("relation", "ffn"))
    before = answer(denoiser)
    disturb(denoiser, "subject1")
    assert torch.equal(answer(denoiser), before)
    activate(denoiser.module, ("relation", "subject1", "ffn"))
    assert not torch.equal(answer(denoiser), before)
    activate(denoiser.module, ())
    assert torch.equal(answer(denoiser), answer(open_denoiser(random_mochi)))


def test_unknown_adapters_and_empty_projections_raise(random_mochi: MochiSettings) -> None:
    denoiser = placed(random_mochi)
    with pytest.raises(KeyError, match="direct"):
        activate(denoiser.module, ("direct",))
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
