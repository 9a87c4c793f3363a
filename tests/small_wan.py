"""Random Wans in diffusers' layout, for tests of contracts: 2.1, and 2.2 of 5B and of A14B, all as small as it gets."""

from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLWan, FlowMatchEulerDiscreteScheduler, WanPipeline, WanTransformer3DModel
from transformers import T5Tokenizer, UMT5Config, UMT5EncoderModel

from dreamrelation.backbones.wan.settings import Wan22Of5BSettings, Wan22OfA14BSettings, WanSettings
from dreamrelation.puppets.models.small_mochi import small_tokenizer

TEXT_WIDTH = 64
FREQUENCIES = 32


def write_random_wan(folder: Path) -> WanSettings:
    """Wan 2.1: two blocks of width 32; every weight is random but fixed."""
    _pipeline(random_transformer(16, seed=1), random_vae(16), shift=3.0).save_pretrained(folder)
    return opening(WanSettings, folder)


def write_random_wan_2_2_5b(folder: Path) -> Wan22Of5BSettings:
    """The other autoencoder: 48 channels, 16 pixels a cell, residual, in patches of 2 × 2 pixels."""
    vae = random_vae(
        48, is_residual=True, patch_size=2, in_channels=12, out_channels=12, scale_factor_spatial=16, decoder_base_dim=8
    )
    _pipeline(random_transformer(48, seed=2), vae, shift=5.0, expand_timesteps=True).save_pretrained(folder)
    return opening(Wan22Of5BSettings, folder)


def write_random_wan_2_2_a14b(folder: Path) -> Wan22OfA14BSettings:
    """Two transformers that answer differently."""
    second = random_transformer(16, seed=4)
    _pipeline(
        random_transformer(16, seed=3), random_vae(16), shift=12.0, transformer_2=second, boundary_ratio=0.875
    ).save_pretrained(folder)
    return opening(Wan22OfA14BSettings, folder)


def opening(kind: type[Any], folder: Path) -> Any:
    """Settings that open a folder in float32."""
    return kind(path=str(folder), precision="float32")


def _pipeline(transformer: WanTransformer3DModel, vae: AutoencoderKLWan, *, shift: float, **others: Any) -> WanPipeline:
    tokenizer: Any = small_tokenizer()
    scheduler = FlowMatchEulerDiscreteScheduler(shift=shift)
    return WanPipeline(tokenizer, random_text_encoder(tokenizer), vae, scheduler, transformer, **others)


def random_transformer(channels: int, seed: int) -> WanTransformer3DModel:
    """In which text, time and place matter, and which is smooth in time, as a trained one is.

    The fast waves of the time's embedding, which turn round within a hundredth of σ, are turned down.
    """
    torch.manual_seed(seed)
    transformer = WanTransformer3DModel(
        num_attention_heads=2,
        attention_head_dim=16,
        in_channels=channels,
        out_channels=channels,
        text_dim=TEXT_WIDTH,
        freq_dim=FREQUENCIES,
        ffn_dim=64,
        num_layers=2,
        rope_max_seq_len=64,
    )
    with torch.no_grad():
        for name, parameter in transformer.named_parameters():
            if name.endswith("weight") and parameter.ndim == 2:
                parameter.normal_(std=1.5 / parameter.shape[1] ** 0.5)
        waves = FREQUENCIES // 2
        frequency = 10_000 ** (-torch.arange(waves) / waves)
        transformer.condition_embedder.time_embedder.linear_1.weight *= (0.002 / frequency).clamp(max=1).repeat(2)
    return transformer


def random_vae(channels: int, **others: Any) -> AutoencoderKLWan:
    torch.manual_seed(channels)
    return AutoencoderKLWan(
        base_dim=8,
        z_dim=channels,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        latents_mean=[0.1 * k - 0.5 for k in range(channels)],
        latents_std=[1 + 0.1 * k for k in range(channels)],
        **others,
    )


def random_text_encoder(tokenizer: T5Tokenizer) -> UMT5EncoderModel:
    torch.manual_seed(5)
    config = UMT5Config(
        vocab_size=len(tokenizer),
        d_model=TEXT_WIDTH,
        d_kv=16,
        d_ff=128,
        num_layers=2,
        num_heads=4,
        dropout_rate=0.0,
        is_encoder_decoder=False,
    )
    return UMT5EncoderModel(config)
