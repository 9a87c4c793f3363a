"""A random LTX-2 in diffusers' layout, as small as it gets, for tests of contracts."""

from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKLLTX2Audio,
    AutoencoderKLLTX2Video,
    FlowMatchEulerDiscreteScheduler,
    LTX2Pipeline,
    LTX2VideoTransformer3DModel,
)
from diffusers.pipelines.ltx2.connectors import LTX2TextConnectors
from diffusers.pipelines.ltx2.vocoder import LTX2Vocoder
from transformers import Gemma3Config, Gemma3ForConditionalGeneration

from dreamrelation.backbones.ltx2.settings import Ltx2Settings
from tests.small_hunyuan_video import BEGIN, byte_level_tokenizer

TOKENS, WIDTH, LAYERS = 32, 64, 2
CHANNELS = 8


def write_random_ltx2(folder: Path) -> Ltx2Settings:
    """Two blocks of width 32; every weight is random but fixed."""
    torch.manual_seed(9)
    tokenizer = byte_level_tokenizer(BEGIN)
    tokenizer.model_max_length = TOKENS
    transformer = LTX2VideoTransformer3DModel(
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        num_attention_heads=2,
        attention_head_dim=16,
        cross_attention_dim=32,
        audio_in_channels=4,
        audio_out_channels=4,
        audio_num_attention_heads=2,
        audio_attention_head_dim=8,
        audio_cross_attention_dim=16,
        num_layers=2,
        caption_channels=WIDTH,
    )
    with torch.no_grad():
        for name, parameter in transformer.named_parameters():
            if name.endswith("weight") and parameter.ndim == 2:
                parameter.normal_(std=1.0 / parameter.shape[1] ** 0.5)
    vae = AutoencoderKLLTX2Video(
        latent_channels=CHANNELS,
        block_out_channels=(8, 16, 32, 64),  # pyright: ignore[reportArgumentType]
        decoder_block_out_channels=(8, 16, 32),  # pyright: ignore[reportArgumentType]
        layers_per_block=(1, 1, 1, 1, 1),
        decoder_layers_per_block=(1, 1, 1, 1),
        spatial_compression_ratio=32,
        temporal_compression_ratio=8,
    )
    any_vae: Any = vae
    any_vae.latents_mean.copy_(torch.linspace(-0.3, 0.3, CHANNELS))
    any_vae.latents_std.copy_(torch.linspace(0.8, 1.4, CHANNELS))
    audio = AutoencoderKLLTX2Audio(
        base_channels=4, output_channels=2, ch_mult=(1,), num_res_blocks=1, attn_resolutions=None, in_channels=2,
        resolution=32, latent_channels=2, mel_bins=8,
    )  # fmt: skip
    text = {
        "vocab_size": len(tokenizer), "hidden_size": WIDTH, "intermediate_size": 32, "num_hidden_layers": LAYERS,
        "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16, "initializer_range": 0.2,
    }  # fmt: skip
    vision = {
        "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
        "image_size": 16, "patch_size": 8,
    }  # fmt: skip
    gemma = Gemma3ForConditionalGeneration(Gemma3Config(text_config=text, vision_config=vision, mm_tokens_per_image=4))
    connectors = LTX2TextConnectors(
        caption_channels=WIDTH,
        text_proj_in_factor=LAYERS + 1,
        video_connector_num_attention_heads=2,
        video_connector_attention_head_dim=WIDTH // 2,
        video_connector_num_layers=1,
        video_connector_num_learnable_registers=8,
        audio_connector_num_attention_heads=2,
        audio_connector_attention_head_dim=WIDTH // 2,
        audio_connector_num_layers=1,
        audio_connector_num_learnable_registers=8,
    )
    vocoder = LTX2Vocoder(
        in_channels=16, hidden_channels=8, out_channels=2, upsample_kernel_sizes=[4, 4], upsample_factors=[2, 2],
        resnet_kernel_sizes=[3], resnet_dilations=[[1, 3, 5]],
    )  # fmt: skip
    scheduler = FlowMatchEulerDiscreteScheduler(
        use_dynamic_shifting=True, base_shift=2.05, max_shift=2.05, shift_terminal=0.1
    )
    pipeline = LTX2Pipeline(scheduler, vae, audio, gemma, tokenizer, connectors, transformer, vocoder)  # type: ignore[arg-type]
    pipeline.save_pretrained(folder)
    return Ltx2Settings(path=str(folder), precision="float32")  # type: ignore[arg-type]
