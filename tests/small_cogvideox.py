"""A random CogVideoX in diffusers' layout, as small as it gets, for tests of contracts."""

from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLCogVideoX, CogVideoXDDIMScheduler, CogVideoXPipeline, CogVideoXTransformer3DModel

from dreamrelation.backbones.cogvideox.settings import SCHEDULER, CogVideoX2BSettings, CogVideoXSettings
from dreamrelation.puppets.models.small_mochi import small_text_encoder, small_tokenizer

TOKENS = 32


def write_random_cogvideox(folder: Path) -> CogVideoXSettings:
    """As the 5B, with rotary places: two blocks of width 32; every weight is random but fixed."""
    _pipeline(1.0, use_rotary_positional_embeddings=True).save_pretrained(folder)
    return CogVideoXSettings(path=str(folder), precision="float32")  # type: ignore[arg-type]


def write_random_cogvideox_2b(folder: Path) -> CogVideoX2BSettings:
    """As the 2B, whose tokens have sines for places."""
    _pipeline(3.0).save_pretrained(folder)
    return CogVideoX2BSettings(path=str(folder), precision="float32")  # type: ignore[arg-type]


def _pipeline(shift: float, **others: Any) -> CogVideoXPipeline:
    torch.manual_seed(6)
    transformer = CogVideoXTransformer3DModel(
        num_attention_heads=2,
        attention_head_dim=16,
        time_embed_dim=32,
        text_embed_dim=64,
        num_layers=2,
        sample_width=12,
        sample_height=8,
        sample_frames=9,
        max_text_seq_length=TOKENS,
        **others,
    )
    with torch.no_grad():
        for name, parameter in transformer.named_parameters():
            if name.endswith("weight") and parameter.ndim == 2:
                parameter.normal_(std=1.0 / parameter.shape[1] ** 0.5)
    vae = AutoencoderKLCogVideoX(
        block_out_channels=(16, 16, 16, 16),  # pyright: ignore[reportArgumentType]
        layers_per_block=1,
        norm_num_groups=4,
        scaling_factor=0.7,
    )
    tokenizer: Any = small_tokenizer()
    scheduler = CogVideoXDDIMScheduler(**SCHEDULER, snr_shift_scale=shift)
    return CogVideoXPipeline(tokenizer, small_text_encoder(tokenizer, 0), vae, transformer, scheduler)  # type: ignore[arg-type]
