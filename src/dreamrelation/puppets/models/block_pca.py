"""The small autoencoder's linear start: a principal component analysis of blocks, written into Mochi's layers.

With every residual branch at zero the Mochi VAE is a chain of linear maps whose kernels equal their strides. They are
set stage by stage to the principal components of what reaches them, and the decoder to their transposes. The encoder
stays there, so that latents are known before the decoder is trained; the decoder's residual branches then learn
what twelve numbers per block of 6 × 8 × 8 pixels leave open.
"""

from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKLMochi
from torch import Tensor

from dreamrelation.puppets.models.pixels import as_video

REFERENCE_OFFSET = 4.0
"""Put on two of every three channels before the last group norm, which otherwise takes colours out of each frame."""
LINEAR_BIAS = 3.0
"""Added before an activation, so that it works in its nearly linear part."""
SIGNAL = 0.4
"""Standard deviation of the strongest component where the last group norm sees it."""
LOG_VARIANCE = -5.0
"""Of the posterior, the same for all cells."""
SAMPLED_BLOCKS = 60_000
"""Blocks drawn per stage for the covariances."""


@torch.no_grad()
def start_linear(vae: AutoencoderKLMochi, clips: np.ndarray, seed: int) -> None:
    """Set all layers of a fresh autoencoder from clips (N, F, H, W, 3) uint8, F = 6k+1."""
    _silence_residual_branches(vae)
    video = as_video(clips)
    bases = _fit_encoder(vae, video, np.random.default_rng([seed, 3]))
    _fit_projection(vae, video)
    _fit_decoder(vae, bases)
    _fit_decoder_input(vae, video)


def _silence_residual_branches(vae: AutoencoderKLMochi) -> None:
    layers: list[tuple[str, Any]] = list(vae.named_modules())
    for name, layer in layers:
        if name.endswith("conv2"):
            layer.conv.weight.zero_()
            layer.conv.bias.zero_()


def _blocks(values: Tensor, kernel: tuple[int, int, int]) -> Tensor:
    """Causal blocks, (B, C, F, H, W) → (B·f·h·w, C·t·y·x), first frame repeated as Mochi's causal padding does."""
    t, y, x = kernel
    padded = torch.cat([values[:, :, :1]] * (t - 1) + [values], dim=2) if t > 1 else values
    cut = padded.unfold(2, t, t).unfold(3, y, y).unfold(4, x, x)
    return cut.permute(0, 2, 3, 4, 1, 5, 6, 7).flatten(0, 3).flatten(1)


def _components(blocks: Tensor, count: int, rng: np.random.Generator) -> Tensor:
    """The first `count` principal directions about zero, (count, D); the mean is a direction like others.

    Blocks are drawn by their inner variance: figures in motion are few among the blocks of the wall.
    """
    variance = blocks.var(dim=1).double().numpy() + 1e-4
    size = min(len(blocks) // 2, SAMPLED_BLOCKS)
    chosen = torch.from_numpy(rng.choice(len(blocks), size=size, replace=False, p=variance / variance.sum()))
    sample = blocks[chosen].double()
    _, vectors = torch.linalg.eigh(sample.T @ sample)
    return vectors.flip(1)[:, :count].T.float()


def _fit_encoder(vae: AutoencoderKLMochi, video: Tensor, rng: np.random.Generator) -> list[Tensor]:
    """Set the encoder up to its last norm; returns each stage's basis (kept, C, t, y, x), stages outermost first."""
    encoder: Any = vae.encoder
    encoder.proj_in.weight.zero_()
    encoder.proj_in.bias.zero_()
    encoder.proj_in.weight[:3, :3] = torch.eye(3)
    values, bases = video, []
    for number, block in enumerate(encoder.down_blocks):
        conv = block.conv_in.conv
        kernel = conv.kernel_size
        blocks = _blocks(values, kernel)
        last = number == len(encoder.down_blocks) - 1
        room = conv.out_channels // 3 if last else conv.out_channels
        basis = _components(blocks, min(room, blocks.shape[1]), rng)
        bases.append(basis.unflatten(1, (values.shape[1], *kernel)))
        conv.weight.zero_()
        conv.bias.zero_()
        rows = slice(2, None, 3) if last else slice(0, len(basis))
        scale = SIGNAL / (blocks @ basis[0]).std() if last else 1.0
        conv.weight[rows, : values.shape[1]] = scale * bases[-1]
        frames, height, width = (
            (values.shape[2] - 1) // kernel[0] + 1, values.shape[3] // kernel[1], values.shape[4] // kernel[2],
        )  # fmt: skip
        values = (blocks @ basis.T).unflatten(0, (len(video), frames, height, width)).permute(0, 4, 1, 2, 3)
    offsets = encoder.block_out.resnets[-1].conv2.conv.bias
    offsets[0::3] = REFERENCE_OFFSET
    offsets[1::3] = -REFERENCE_OFFSET
    encoder.norm_out.norm_layer.bias.fill_(LINEAR_BIAS)
    return bases


def _fit_projection(vae: AutoencoderKLMochi, video: Tensor) -> None:
    """Set the encoder's last layer: latents are the first components, of variance one, log-variances are constant."""
    reached: list[Tensor] = []
    hook = vae.encoder.proj_out.register_forward_hook(lambda layer, given, answer: reached.append(given[0]))
    vae.encoder(video)
    hook.remove()
    features = reached[0].flatten(0, -2).double()
    latents = vae.config["latent_channels"]
    components = features[:, 2::3][:, :latents]
    target = (components - components.mean(dim=0)) / components.std(dim=0)
    target = torch.cat([target, torch.full_like(target, LOG_VARIANCE)], dim=1)
    gram = features.T @ features + 1e-6 * len(features) * torch.eye(features.shape[1], dtype=torch.float64)
    vae.encoder.proj_out.weight.copy_(torch.linalg.solve(gram, features.T @ target).T.float())


def _fit_decoder(vae: AutoencoderKLMochi, bases: list[Tensor]) -> None:
    """Set the decoder behind its first layer to the transposes of the encoder's stages."""
    decoder: Any = vae.decoder
    for block, basis in zip(decoder.up_blocks, reversed(bases), strict=True):
        kept = len(basis)
        block.proj.weight.zero_()
        block.proj.bias.zero_()
        inverse = basis.flatten(1).T
        block.proj.weight[: len(inverse), :kept] = inverse
    decoder.block_out.resnets[-1].conv2.conv.bias.fill_(LINEAR_BIAS)
    decoder.proj_out.weight.zero_()
    decoder.proj_out.weight[:, :3] = torch.eye(3)
    decoder.proj_out.bias.fill_(-LINEAR_BIAS)


def _fit_decoder_input(vae: AutoencoderKLMochi, video: Tensor) -> None:
    """Set the decoder's first layer by regression: from latents to the components of the innermost stage."""
    mean = vae.encoder(video)[0].chunk(2, dim=1)[0]
    scale_free = _innermost_components(vae, video)
    latents = mean.movedim(1, -1).flatten(0, -2).double()
    latents = torch.cat([latents, torch.ones(len(latents), 1, dtype=torch.float64)], dim=1)
    solution = torch.linalg.lstsq(latents, scale_free.double()).solution.float()
    conv: Any = vae.decoder.conv_in
    conv.weight.zero_()
    conv.bias.zero_()
    conv.weight[: solution.shape[1], :, 0, 0, 0] = solution[:-1].T
    conv.bias[: solution.shape[1]] = solution[-1]


def _innermost_components(vae: AutoencoderKLMochi, video: Tensor) -> Tensor:
    """What the innermost stage's signal channels carry, in the units of its orthonormal basis, (cells, kept)."""
    reached: list[Tensor] = []
    block: Any = vae.encoder.down_blocks[-1]
    hook = block.conv_in.register_forward_hook(lambda layer, given, answer: reached.append(answer[0]))
    vae.encoder(video)
    hook.remove()
    weight = block.conv_in.conv.weight[2::3]
    unit = weight.flatten(1).norm(dim=1).clamp_min(1e-12)
    return (reached[0][:, 2::3] / unit.view(1, -1, 1, 1, 1)).movedim(1, -1).flatten(0, -2)
