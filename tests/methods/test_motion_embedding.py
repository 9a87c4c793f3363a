"""Motion embeddings: how many numbers, where they are added, how they are laid over the tokens, and differencing."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from tests.tiny_models import ONE_TRANSFORMER, opened
from tests.training.setups import RandomTexts
from torch import nn

from dreamrelation.backbone_spec import BackboneSpec
from dreamrelation.backbones.interface import visual_projections
from dreamrelation.backbones.mochi.spec import MOCHI
from dreamrelation.errors import UserError
from dreamrelation.methods.interface import OpenModel
from dreamrelation.methods.motion_embedding.embedding import (
    BlockEmbedding,
    differenced,
    per_token,
    per_token_of_frames,
    retimed,
    value_grid,
)
from dreamrelation.methods.motion_embedding.method import MotionEmbedding
from dreamrelation.methods.motion_embedding.settings import MotionEmbeddingSettings
from dreamrelation.sampling.guidance import Guidance, guided_velocity
from dreamrelation.settings.model import ModelSettings

GRID = (2, 4, 6)
TOKENS = (2, 3)


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def attached(settings: ModelSettings, machine: dict[str, object] | None = None, **over: Any) -> MotionEmbedding:
    method = MotionEmbedding(MotionEmbeddingSettings.model_validate(over))
    method.attach(OpenModel(opened(settings, **(machine or {})), RandomTexts(32, settings)), GRID, 0)
    return method


def disturb(method: MotionEmbedding, part: str = "") -> None:
    for number, (name, parameter) in enumerate(method.parameters().items()):
        if name.endswith(part):
            parameter.data = random(*parameter.shape, seed=number)


@torch.no_grad()
def answer(method: MotionEmbedding) -> torch.Tensor:
    denoiser = method.model.denoiser
    return denoiser.velocity(random(1, denoiser.channels, *GRID), torch.tensor([0.5]), method.condition(["caption"]))


def test_where_processes_divide_the_tokens_each_adds_what_belongs_to_its_own(
    random_wan: ModelSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = attached(random_wan)
    disturb(method)
    layer = visual_projections(method.model.denoiser, "query")[0]
    tokens = random(1, 12, layer.in_features)
    whole = layer(tokens)
    monkeypatch.setenv("WORLD_SIZE", "2")
    for rank, own in enumerate(tokens.chunk(2, dim=1)):
        monkeypatch.setenv("RANK", str(rank))
        torch.testing.assert_close(layer(own), whole.chunk(2, dim=1)[rank])


def test_mochi_has_1_62_and_657_million_numbers_and_2_58_billion_on_the_full_grid() -> None:
    frames, height, width = MOCHI.latent_grid(61, 480, 848)
    tokens = (height // MOCHI.patch, width // MOCHI.patch)
    assert (frames, *tokens) == (11, 30, 53) and value_grid(tokens, 2) == (15, 27)
    for reduction, expected in ((2, 656_916_480), (1, 2_579_005_440)):
        blocks = [BlockEmbedding(frames, value_grid(tokens, reduction), 3072, torch.device("meta")) for _ in range(48)]
        assert sum(block.query_key.numel() for block in blocks) == 1_622_016
        assert sum(block.value.numel() for block in blocks) == expected


def test_a_constant_embedding_differenced_in_time_leaves_only_frame_0() -> None:
    constant = random(2, 3, 5)[None].expand(4, 2, 3, 5)
    left = differenced(constant)
    assert torch.equal(left[0], constant[0]) and not bool(left[1:].any())
    embedding = random(4, 2, 3, 5).double()
    torch.testing.assert_close(differenced(embedding).cumsum(dim=0), embedding, rtol=0, atol=1e-12)


def test_the_embedding_lies_over_the_tokens_in_their_order() -> None:
    frames = torch.arange(3.0)[:, None]
    assert per_token_of_frames(frames, TOKENS).flatten().tolist() == [0.0] * 6 + [1.0] * 6 + [2.0] * 6
    full = torch.arange(12.0).reshape(2, *TOKENS, 1)
    assert per_token(full, TOKENS).flatten().tolist() == list(range(12)), "one place for each token: as it is"


def test_the_values_grid_is_upsampled_bilinearly() -> None:
    """Against NumPy's interpolation between the centres of the places, edges held, along one side after the other."""
    value, tokens = random(2, 2, 3, 4).double(), (4, 5)

    def along(values: np.ndarray, axis: int, count: int) -> np.ndarray:
        size = values.shape[axis]
        centres, wanted = (np.arange(size) + 0.5) / size, (np.arange(count) + 0.5) / count
        return np.apply_along_axis(lambda line: np.interp(wanted, centres, line), axis, values)

    expected = along(along(value.numpy(), 1, 4), 2, 5).reshape(-1, 4)
    np.testing.assert_allclose(per_token(value, tokens).numpy(), expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(
        differenced(per_token(value, tokens).unflatten(0, (2, -1))).flatten(0, 1), per_token(differenced(value), tokens)
    )


def test_another_number_of_frames_is_reached_linearly_and_the_ends_stay() -> None:
    ramp = torch.linspace(0, 1, 3).double()[:, None, None] * random(2, 4).double()
    longer = retimed(ramp, 5)
    torch.testing.assert_close(longer, torch.linspace(0, 1, 5).double()[:, None, None] * ramp[-1])
    assert retimed(ramp, 3) is ramp


@pytest.mark.parametrize("backbone", ONE_TRANSFORMER)
def test_a_fresh_embedding_changes_nothing(backbone: str, request: pytest.FixtureRequest) -> None:
    settings = request.getfixturevalue(backbone)
    method = attached(settings)
    plain = opened(settings).denoiser()
    texts = method.condition(["caption"])
    with torch.no_grad():
        expected = plain.velocity(random(1, plain.channels, *GRID), torch.tensor([0.5]), texts)
    assert torch.equal(answer(method), expected)
    assert all(not bool(p.any()) and p.dtype == torch.float32 for p in method.parameters().values())


@pytest.mark.parametrize("number", [0, -1])
@pytest.mark.parametrize("backbone", ONE_TRANSFORMER)
def test_query_and_key_see_one_embedding_and_value_the_other_and_text_none(
    backbone: str, number: int, request: pytest.FixtureRequest
) -> None:
    """What enters the layers of the first and of the last block, with its embedding less without it."""
    settings = request.getfixturevalue(backbone)
    method = attached(settings)
    denoiser = method.model.denoiser
    layers: dict[str, nn.Module] = {
        name: visual_projections(denoiser, name)[number] for name in ("query", "key", "value")
    }
    (block,) = {name.rsplit(".attn", 1)[0] for name, m in denoiser.module.named_modules() if m is layers["query"]}
    for name, module in denoiser.module.named_modules():
        enters_attention = name.startswith(f"{block}.attn") and "out" not in name and isinstance(module, nn.Linear)
        if enters_attention and module not in layers.values():
            layers[name] = module
    seen: dict[str, torch.Tensor] = {}
    for name, layer in layers.items():
        layer.register_forward_hook(lambda m, args, out, name=name: seen.update({name: args[0].clone()}))
    answer(method)
    before = dict(seen)
    disturb(method)
    *_, last = method.blocks
    for other in method.blocks.keys() - {number % (last + 1)}:
        for parameter in method.blocks[other].parameters():
            parameter.data.zero_()
    answer(method)
    own = method.blocks[number % (last + 1)]
    tokens = (GRID[1] // denoiser.spec.patch, GRID[2] // denoiser.spec.patch)
    frames, places = per_token_of_frames(own.query_key.data, tokens), per_token(own.value.data, tokens)
    for name, added in (("query", frames), ("key", frames), ("value", places)):
        change = seen[name] - before[name]
        others = change.shape[1] - len(added)
        assert others == 0 or denoiser.spec.text_place != "apart"
        start = others if denoiser.spec.text_place == "before" else 0
        visual = slice(start, start + len(added))
        torch.testing.assert_close(change[:, visual], added[None], rtol=0, atol=1e-5)
        change[:, visual] = 0
        assert not bool(change.any()), "text is left alone"
    text = [
        name for name in seen if name.endswith(("add_q_proj", "add_k_proj", "add_v_proj", "attn2.to_k", "attn2.to_v"))
    ]
    assert text or denoiser.spec.text_place != "apart"
    for name in text:
        assert torch.equal(seen[name], before[name]), name


@pytest.mark.parametrize("part", ["query_key", "value"])
@pytest.mark.parametrize("backbone", ONE_TRANSFORMER)
@torch.no_grad()
def test_both_branches_of_guidance_see_the_embedding(backbone: str, part: str, request: pytest.FixtureRequest) -> None:
    method = attached(request.getfixturevalue(backbone))
    denoiser = method.model.denoiser
    noisy, texts = random(1, denoiser.channels, *GRID), method.condition(["caption"])
    guidance = Guidance(3, method.condition([""]))

    def branches() -> tuple[torch.Tensor, torch.Tensor]:
        prompted = guided_velocity(denoiser, noisy, 0.5, texts, Guidance(1, guidance.negative))
        return prompted, (3 * prompted - guided_velocity(denoiser, noisy, 0.5, texts, guidance)) / 2

    before = branches()
    disturb(method, part)
    for old, new in zip(before, branches(), strict=True):
        assert float((old - new).abs().max()) > 1e-3


@pytest.mark.parametrize("backbone", ONE_TRANSFORMER)
def test_checkpointing_gives_the_same_gradients(backbone: str, request: pytest.FixtureRequest) -> None:
    gradients = []
    for checkpointing in (False, True):
        method = attached(request.getfixturevalue(backbone), {"gradient_checkpointing": checkpointing})
        disturb(method)
        denoiser = method.model.denoiser
        denoiser.velocity(
            random(1, denoiser.channels, *GRID), torch.tensor([0.5]), method.condition(["caption"])
        ).square().sum().backward()
        gradients.append([parameter.grad for parameter in method.parameters().values()])
    for plain, recomputed in zip(*gradients, strict=True):
        assert plain is not None and float(plain.abs().max()) > 0
        torch.testing.assert_close(recomputed, plain, rtol=1e-4, atol=1e-6)


def test_some_blocks_only(random_mochi: ModelSettings) -> None:
    method = attached(random_mochi, blocks=[1], grid_reduction=1)
    assert {name: tuple(p.shape) for name, p in method.parameters().items()} == {
        "blocks.1.query_key": (2, 32),
        "blocks.1.value": (2, 2, 3, 32),
    }
    with pytest.raises(UserError, match="blocks of a motion_embedding names 2, expected 0 to 1"):
        attached(random_mochi, blocks=[0, 2])
    with pytest.raises(ValidationError, match="each block once"):
        MotionEmbeddingSettings(blocks=(0, 0))


def test_a_model_without_these_projections_is_refused_by_name() -> None:
    spec = BackboneSpec("Joint", 4, 8, 2, {"query_key_value": ("qkv",)}, MOCHI.sampling)
    with pytest.raises(UserError, match="Joint has no projection 'query'"):
        MotionEmbeddingSettings().check_backbone(spec)


@pytest.mark.parametrize("backbone", ONE_TRANSFORMER)
def test_generation_differences_the_values_and_training_does_not(
    backbone: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    settings = request.getfixturevalue(backbone)
    trained = attached(settings)
    disturb(trained)
    trained.save(tmp_path, {"relation": "hugging"})
    loaded = MotionEmbedding(trained.settings)
    model = OpenModel(opened(settings), RandomTexts(32))
    assert loaded.load(model, GRID, tmp_path) == [tmp_path / "motion.safetensors"]
    assert set(loaded.parameters()) == set(trained.parameters())
    for name, parameter in loaded.parameters().items():
        learned = trained.parameters()[name].detach()
        assert torch.equal(parameter, differenced(learned) if name.endswith("value") else learned)
        assert not parameter.requires_grad
    assert not torch.allclose(answer(loaded), answer(trained), atol=1e-4)


def test_what_does_not_fit_the_model_is_named_and_another_length_is_said(
    random_mochi: ModelSettings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained = attached(random_mochi)
    trained.save(tmp_path, {})
    model = OpenModel(opened(random_mochi), RandomTexts(32))
    MotionEmbedding(trained.settings).load(model, (4, 4, 6), tmp_path)
    assert "learned on 2 latent frames, resampled to the video's 4" in capsys.readouterr().err
    still = attached(random_mochi)
    for parameter in still.parameters().values():
        parameter.data.fill_(1.0)
    still.save(tmp_path, {})
    longer = MotionEmbedding(still.settings)
    longer.load(OpenModel(opened(random_mochi), RandomTexts(32)), (4, 4, 6), tmp_path)
    values = longer.blocks[0].value  # resampled first: what stays the same must still go
    assert len(values) == 4 and bool((values[0] == 1).all()) and not bool(values[1:].any())
    trained.save(tmp_path, {})
    full = MotionEmbeddingSettings(grid_reduction=1)
    with pytest.raises(UserError, match=r"blocks.0.value has the shape \(2, 1, 2, 32\), expected \('any', 2, 3, 32\)"):
        MotionEmbedding(full).load(model, GRID, tmp_path)
    fewer = MotionEmbeddingSettings(blocks=(0,))
    with pytest.raises(UserError, match="first difference: blocks.1"):
        MotionEmbedding(fewer).load(model, GRID, tmp_path)
