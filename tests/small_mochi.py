"""A random Mochi in diffusers' layout, smaller than the theatre's, for tests of contracts."""

from pathlib import Path

import torch
from diffusers import AutoencoderKLMochi, FlowMatchEulerDiscreteScheduler, MochiPipeline, MochiTransformer3DModel

from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.puppets.models.small_mochi import small_text_encoder, small_tokenizer


def write_random_mochi(folder: Path) -> MochiSettings:
    """Two blocks, width 32; every weight is random but fixed."""
    torch.manual_seed(0)
    transformer = MochiTransformer3DModel(
        num_attention_heads=2,
        attention_head_dim=16,
        num_layers=2,
        pooled_projection_dim=16,
        in_channels=12,
        text_embed_dim=64,
        time_embed_dim=32,
        max_sequence_length=32,
    )
    with torch.no_grad():
        transformer.pos_frequencies.normal_(std=0.02)
    vae = AutoencoderKLMochi(
        encoder_block_out_channels=(32, 32, 32, 32),  # pyright: ignore[reportArgumentType]
        decoder_block_out_channels=(32, 32, 32, 32),  # pyright: ignore[reportArgumentType]
        layers_per_block=(1, 1, 1, 1, 1),
        add_attention_block=(False,) * 5,
        latents_mean=tuple(0.1 * k for k in range(12)),
        latents_std=tuple(1 + 0.1 * k for k in range(12)),
    )
    tokenizer = small_tokenizer()
    pipeline = MochiPipeline(
        FlowMatchEulerDiscreteScheduler(invert_sigmas=True),
        vae,
        small_text_encoder(tokenizer, 0),
        tokenizer,
        transformer,
        force_zeros_for_empty_prompt=True,
    )
    pipeline.save_pretrained(folder)
    return MochiSettings(path=str(folder), precision="float32")  # type: ignore[arg-type]
