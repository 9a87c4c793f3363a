"""Placement, activation and storage of the adapters, on diffusers' own transformer."""

from pathlib import Path

import pytest
import torch
from diffusers import MochiPipeline

from dreamrelation.adapters.activation import activate
from dreamrelation.adapters.placement import AdapterShape, adapter_parameters, place
from dreamrelation.adapters.storage import load_adapter, save_adapter
from dreamrelation.backbones.interface import CaptionEmbeddings, Denoiser
from dreamrelation.backbones.opening import open_denoiser
from dreamrelation.roles import ROLES, active_adapters
from dreamrelation.settings.model import ModelSettings
from dreamrelation.settings.training import PAPER_PLACEMENT

SHAPE = AdapterShape(rank=4, alpha=4.0)


def placed(settings: ModelSettings) -> Denoiser:
    denoiser = open_denoiser(settings)
    place(denoiser, PAPER_PLACEMENT, SHAPE, seed=0)
    return denoiser


def answer(denoiser: Denoiser) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    captions = CaptionEmbeddings(torch.randn(1, 32, 64, generator=generator), torch.ones(1, 32, dtype=torch.bool))
    with torch.no_grad():
        return denoiser.velocity(torch.randn(1, 12, 2, 4, 6, generator=generator), torch.tensor([0.5]), captions)


def disturb(denoiser: Denoiser, adapter: str) -> None:
    generator = torch.Generator().manual_seed(1)
    for parameter in adapter_parameters(denoiser.module, adapter).values():
        parameter.data = 0.3 * torch.randn(parameter.shape, generator=generator)


def test_each_adapter_sits_on_exactly_its_modules(random_mochi: ModelSettings) -> None:
    denoiser = placed(random_mochi)
    for adapter, projections in PAPER_PLACEMENT.items():
        names = {name.split(".lora_")[0] for name in adapter_parameters(denoiser.module, adapter)}
        assert names == set(denoiser.adapted_modules(projections))
        assert all(p.dtype == torch.float32 for p in adapter_parameters(denoiser.module, adapter).values())


def test_fresh_adapters_change_nothing_and_start_from_the_seed(random_mochi: ModelSettings) -> None:
    denoiser = placed(random_mochi)
    activate(denoiser.module, tuple(PAPER_PLACEMENT))
    assert torch.equal(answer(denoiser), answer(open_denoiser(random_mochi)))
    first, again = (adapter_parameters(placed(random_mochi).module, "relation") for _ in range(2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(bool((value != 0).any()) for name, value in first.items() if "lora_A" in name)
    assert all(bool((value == 0).all()) for name, value in first.items() if "lora_B" in name)


@pytest.mark.parametrize("role", ROLES)
def test_a_drawn_role_trains_exactly_its_adapters(role: str, random_mochi: ModelSettings) -> None:
    denoiser = placed(random_mochi)
    expected = {
        "relation": {"relation", "subject1", "subject2", "ffn"},
        "subject1": {"subject1", "ffn"},
        "subject2": {"subject2", "ffn"},
    }[role]
    activate(denoiser.module, active_adapters(role, tuple(PAPER_PLACEMENT)))  # type: ignore[arg-type]
    trainable = {name for name, parameter in denoiser.module.named_parameters() if parameter.requires_grad}
    wanted = {name for adapter in expected for name in adapter_parameters(denoiser.module, adapter)}
    assert trainable == wanted


def test_an_adapter_that_is_off_takes_no_part(random_mochi: ModelSettings) -> None:
    denoiser = placed(random_mochi)
    activate(denoiser.module, ("relation", "ffn"))
    before = answer(denoiser)
    disturb(denoiser, "subject1")
    assert torch.equal(answer(denoiser), before)
    activate(denoiser.module, ("relation", "subject1", "ffn"))
    assert not torch.equal(answer(denoiser), before)
    activate(denoiser.module, ())
    assert torch.equal(answer(denoiser), answer(open_denoiser(random_mochi)))


def test_unknown_adapters_and_empty_projections_raise(random_mochi: ModelSettings) -> None:
    denoiser = placed(random_mochi)
    with pytest.raises(KeyError, match="direct"):
        activate(denoiser.module, ("direct",))
    with pytest.raises(KeyError):
        place(open_denoiser(random_mochi), {"relation": ("nothing",)}, SHAPE, 0)  # type: ignore[dict-item]


def test_storage_round_trip_and_what_it_refuses(random_mochi: ModelSettings, tmp_path: Path) -> None:
    source, target = placed(random_mochi), placed(random_mochi)
    disturb(source, "relation")
    save_adapter(source.module, "relation", tmp_path, {"rank": 4, "alpha": 4.0})
    load_adapter(target.module, "relation", tmp_path)
    for name, value in adapter_parameters(source.module, "relation").items():
        assert torch.equal(adapter_parameters(target.module, "relation")[name], value)
    with pytest.raises(FileNotFoundError, match="ffn.safetensors"):
        load_adapter(target.module, "ffn", tmp_path)
    (tmp_path / "relation.safetensors").rename(tmp_path / "ffn.safetensors")
    with pytest.raises(ValueError, match=r"ffn.safetensors: its tensors are not those of 'ffn'"):
        load_adapter(target.module, "ffn", tmp_path)
    (tmp_path / "ffn.safetensors").write_bytes(b"nonsense")
    with pytest.raises(ValueError, match="not a safetensors file"):
        load_adapter(target.module, "ffn", tmp_path)


def test_diffusers_own_pipeline_opens_our_files(random_mochi: ModelSettings, tmp_path: Path) -> None:
    source = placed(random_mochi)
    for adapter in ("relation", "ffn"):
        disturb(source, adapter)
        save_adapter(source.module, adapter, tmp_path, {"rank": 4, "alpha": 4.0})
    activate(source.module, ("relation", "ffn"))
    pipeline = MochiPipeline.from_pretrained(random_mochi.path)
    for adapter in ("relation", "ffn"):
        pipeline.load_lora_weights(tmp_path, weight_name=f"{adapter}.safetensors", adapter_name=adapter)
    pipeline.set_adapters(["relation", "ffn"])
    theirs = open_denoiser(random_mochi)
    theirs.module = pipeline.transformer
    torch.testing.assert_close(answer(theirs), answer(source), rtol=1e-4, atol=1e-5)
