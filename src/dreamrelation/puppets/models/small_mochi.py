"""The small Mochi: diffusers' and transformers' own classes at a size that two CPU cores can train."""

import json
import re
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLMochi, FlowMatchEulerDiscreteScheduler, MochiPipeline, MochiTransformer3DModel
from torch import Tensor
from transformers import T5Config, T5EncoderModel, T5Tokenizer

from dreamrelation.files import appearing
from dreamrelation.puppets.theatre.figures import KINDS
from dreamrelation.puppets.theatre.repertoire import CAPTIONS
from dreamrelation.relations import RELATIONS

LATENT_CHANNELS = 12
TEXT_WIDTH = 64
TEXT_TOKENS = 32
HEADS, HEAD_WIDTH, BLOCKS, CONTEXT_WIDTH = 5, 32, 5, 80
TOKENS_PER_ROW = 6
POSITIONS_PER_TOKEN = (1.0, 39.0, 39.0)
"""By how much Mochi's positions grow from one visual token to the next in time, height and width: it stretches every
picture to an area of 192 × 192."""
NEIGHBOUR_BIAS = 4.0
NEIGHBOURS = (-1, 1, -2)
"""Which token the text encoder's first heads look at, from the start, relative to the one that asks."""


def small_vae() -> AutoencoderKLMochi:
    """The autoencoder, 3 M parameters, randomly initialised. Mochi's geometry: 6× in time, 8× in space."""
    return AutoencoderKLMochi(
        encoder_block_out_channels=(32, 32, 64, 96),  # pyright: ignore[reportArgumentType]
        decoder_block_out_channels=(32, 64, 64, 96),  # pyright: ignore[reportArgumentType]
        layers_per_block=(1, 1, 1, 1, 1),
        add_attention_block=(False,) * 5,
        latents_mean=(0.0,) * LATENT_CHANNELS,
        latents_std=(1.0,) * LATENT_CHANNELS,
        scaling_factor=1.0,
    )


def small_transformer(seed: int) -> MochiTransformer3DModel:
    """The diffusion transformer, 3 M parameters, randomly initialised but for its position frequencies.

    These start at zero in diffusers, which leaves the tokens without places.
    """
    torch.manual_seed(seed)
    transformer = MochiTransformer3DModel(
        patch_size=2,
        num_attention_heads=HEADS,
        attention_head_dim=HEAD_WIDTH,
        num_layers=BLOCKS,
        pooled_projection_dim=CONTEXT_WIDTH,
        in_channels=LATENT_CHANNELS,
        text_embed_dim=TEXT_WIDTH,
        time_embed_dim=128,
        max_sequence_length=TEXT_TOKENS,
    )
    with torch.no_grad():
        transformer.pos_frequencies.copy_(_axial_frequencies())
    return transformer


def _axial_frequencies() -> Tensor:
    """(3, heads, head width / 2), radians per unit of Mochi's positions: each frequency turns along one axis.

    Angles per token go from 0.15 to 1.8 radians. One of every head turns by half a circle over the picture's width:
    queries of visual tokens are rotated and keys of text are not, so by it a token can ask for the word that is meant
    for the left or for the right.
    """
    frequencies = torch.zeros(3, HEADS, HEAD_WIDTH // 2)
    angles = 0.15 * 12 ** torch.linspace(0, 1, HEAD_WIDTH // 6)
    for head in range(HEADS):
        own = angles * (1 + 0.05 * (head - HEADS // 2))
        for axis in range(3):
            frequencies[axis, head, axis : 3 * len(angles) : 3] = own
        frequencies[2, head, -1] = torch.pi / TOKENS_PER_ROW
    return frequencies / torch.tensor(POSITIONS_PER_TOKEN)[:, None, None]


def small_tokenizer() -> T5Tokenizer:
    """A T5 tokenizer whose pieces are the words of the theatre's captions, with letters for all other words."""
    sentences = [text.format(actor="x", partner="x") for text in CAPTIONS.values()]
    sentences += [relation.caption() for relation in RELATIONS.values()]
    words = sorted({word for text in sentences for word in re.findall(r"[A-Za-z\-]+", text)} | set(KINDS))
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -6.0), (".", -2.0), ("-", -6.0), (",", -6.0)]
    pieces += [(f"▁{word}", -3.0) for word in words]
    pieces += [(letter, -8.0) for letter in [*letters, *(letter.upper() for letter in letters)]]
    return T5Tokenizer(vocab=pieces, extra_ids=0, model_max_length=TEXT_TOKENS)


def small_text_encoder(tokenizer: T5Tokenizer, seed: int) -> T5EncoderModel:
    """A T5 encoder of two layers, randomly initialised but for where its heads look.

    From the start three of them look at neighbours. Left to itself the encoder takes thousands of steps to find out
    that who is named first differs from who is named second: first the transformer must be able to draw either.
    """
    torch.manual_seed(seed + 1)
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=TEXT_WIDTH,
        d_kv=16,
        d_ff=128,
        num_layers=2,
        num_heads=4,
        dropout_rate=0.0,
        feed_forward_proj="gated-gelu",
        is_encoder_decoder=False,
        pad_token_id=0,
        eos_token_id=1,
    )
    encoder = T5EncoderModel(config)
    blocks: Any = encoder.encoder.block
    attention = blocks[0].layer[0].SelfAttention
    offsets = attention._relative_position_bucket(
        torch.tensor(NEIGHBOURS), True, config.relative_attention_num_buckets, config.relative_attention_max_distance
    )
    with torch.no_grad():
        for head, bucket in enumerate(offsets):
            attention.relative_attention_bias.weight[bucket, head] += NEIGHBOUR_BIAS
    return encoder


def save_small_mochi(
    folder: Path,
    vae: AutoencoderKLMochi,
    transformer: MochiTransformer3DModel,
    text_encoder: T5EncoderModel,
    tokenizer: T5Tokenizer,
    report: dict,
) -> None:
    """Write a folder that `MochiPipeline.from_pretrained` opens, and `training_report.json`; appears atomically."""
    scheduler = FlowMatchEulerDiscreteScheduler(invert_sigmas=True)
    pipeline = MochiPipeline(scheduler, vae, text_encoder, tokenizer, transformer, force_zeros_for_empty_prompt=True)
    with appearing(folder) as beside:
        pipeline.save_pretrained(beside, safe_serialization=True)
        (beside / "training_report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
