"""The published models at full size on the device `meta`: who sits where, and numbers that docs/ntu_wan.md gives."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from diffusers import HunyuanVideoTransformer3DModel, MochiTransformer3DModel, WanTransformer3DModel

from dreamrelation.backbone_spec import BackboneSpec
from dreamrelation.backbones.hunyuan_video.spec import FUSED, HUNYUAN_VIDEO
from dreamrelation.backbones.interface import Denoiser, visual_projections
from dreamrelation.backbones.mochi.spec import MOCHI
from dreamrelation.backbones.wan.spec import WAN, WAN_2_2_5B
from dreamrelation.methods.lora.placement import adapter_parameters, place
from dreamrelation.methods.lora.settings import PAPER_PLACEMENT

PAGE = (Path(__file__).parents[2] / "docs/ntu_wan.md").read_text(encoding="utf-8")
DIRECT = {"direct": ("query", "key", "value", "output")}


def wan(heads: int, ffn: int, layers: int, channels: int = 16) -> dict[str, int]:
    """Sizes as in `wan/configs/` of the publishers' repositories."""
    return {"num_attention_heads": heads, "ffn_dim": ffn, "num_layers": layers, "in_channels": channels,
            "out_channels": channels}  # fmt: skip


MODELS: dict[str, tuple[Any, dict[str, int], BackboneSpec, int]] = {
    "mochi": (MochiTransformer3DModel, {}, MOCHI, 48),
    "wan 1.3B": (WanTransformer3DModel, wan(12, 8960, 30), WAN, 30),
    "wan 14B": (WanTransformer3DModel, wan(40, 13824, 40), WAN, 40),
    "wan 2.2 5B": (WanTransformer3DModel, wan(24, 14336, 30, 48), WAN_2_2_5B, 30),
    "hunyuan_video": (HunyuanVideoTransformer3DModel, {}, HUNYUAN_VIDEO, 60),
}
BILLIONS = {"wan 1.3B": "1.42", "wan 14B": "14.29", "wan 2.2 5B": "5.00"}
ADAPTERS = {
    ("wan 1.3B", "dreamrelation"): 7_372_800,
    ("wan 1.3B", "direct_lora"): 5_898_240,
    ("wan 14B", "dreamrelation"): 32_768_000,
    ("wan 14B", "direct_lora"): 26_214_400,
}
"""At rank 16."""


def meta_denoiser(name: str) -> Denoiser:
    model, sizes, spec, _ = MODELS[name]
    with torch.device("meta"):
        module = model(**sizes)
    return cast(Denoiser, SimpleNamespace(module=module, spec=spec, device=torch.device("meta")))


@pytest.mark.parametrize("name", MODELS)
def test_each_block_has_its_visual_projections(name: str) -> None:
    denoiser = meta_denoiser(name)
    width = int(denoiser.module.config.num_attention_heads * denoiser.module.config.attention_head_dim)  # type: ignore[union-attr]
    for projection in ("query", "key", "value"):
        layers = visual_projections(denoiser, projection)
        assert len(layers) == MODELS[name][3] and {layer.in_features for layer in layers} == {width}


def test_hunyuan_videos_fused_layer_is_as_many_widths_as_the_spec_says() -> None:
    block: Any = meta_denoiser("hunyuan_video").module.single_transformer_blocks[0]  # type: ignore[index]
    layers = (block.attn.to_q, block.attn.to_k, block.attn.to_v, block.proj_mlp)
    assert sum(layer.out_features for layer in layers) == FUSED * block.attn.to_q.out_features


@pytest.mark.parametrize("name", BILLIONS)
def test_the_models_are_as_large_as_the_page_says(name: str) -> None:
    count = sum(parameter.numel() for parameter in meta_denoiser(name).module.parameters())
    assert f"{count / 1e9:.2f}" == BILLIONS[name] and f"{BILLIONS[name]} billion" in PAGE


@pytest.mark.parametrize(("name", "method"), ADAPTERS)
def test_adapters_are_as_large_as_the_page_says(name: str, method: str) -> None:
    denoiser = meta_denoiser(name)
    placement = PAPER_PLACEMENT if method == "dreamrelation" else DIRECT
    with torch.device("meta"):
        place(denoiser, placement, rank=16, alpha=16, seed=0)
    count = sum(p.numel() for adapter in placement for p in adapter_parameters(denoiser.module, adapter).values())
    assert count == ADAPTERS[name, method] and f"{count:,}" in PAGE
