"""The small Mochi, trained from nothing."""

import multiprocessing
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from diffusers import AutoencoderKLMochi

from dreamrelation.puppets.models.block_pca import start_linear
from dreamrelation.puppets.models.small_mochi import save_small_mochi, small_vae
from dreamrelation.puppets.models.train_decoder import DecoderTraining, train_decoder
from dreamrelation.puppets.models.train_transformer import TransformerState, train_transformer
from dreamrelation.puppets.models.training_loop import (
    TrainingState,
    announcing_saver,
    store,
    stored,
    training_report,
)
from dreamrelation.puppets.models.training_set import (
    LatentSet,
    PixelSet,
    TrainingSetSize,
    joined,
    make_latent_set,
    make_pixel_set,
)
from dreamrelation.puppets.models.transformer_settings import TransformerTraining
from dreamrelation.puppets.theatre.repertoire import AUTOENCODERS, IMPROVISED, TRANSFORMERS, Repertoire

FITTED_CLIPS, FITTED_FRAMES = 100, 7
"""Clips, and their first frames, that the linear encoder is fitted to."""
PART_CLIPS = 1000
"""Clips that are rendered and encoded together; a killed run loses no more."""
WORKERS = 2
"""Processes that render."""


def linear_vae(size: TrainingSetSize) -> AutoencoderKLMochi:
    """The autoencoder before its decoder's training."""
    torch.manual_seed(size.seed)
    vae = small_vae()
    shots = (size.shot(AUTOENCODERS, index) for index in range(FITTED_CLIPS))
    start_linear(vae, np.stack([shot.take.frames[:FITTED_FRAMES] for shot in shots]), size.seed)
    return vae.eval()


def train_mochi(folder: Path, work: Path) -> None:
    """Fit the encoder, train the decoder and the transformer, and write `folder` in diffusers' layout.

    States go to `work`, from which a stopped run goes on. Takes a night on two cores.
    """
    size, decoder_settings, transformer_settings = TrainingSetSize(), DecoderTraining(), TransformerTraining()
    vae = linear_vae(size)
    rehearsed = latent_set(vae, size, TRANSFORMERS, size.transformer_clips, work / "latents")
    improvised = latent_set(vae, size, IMPROVISED, size.improvised_clips, work / "improvised")
    transformer_path, decoder_path = work / "transformer.pt", work / "decoder.pt"
    transformer, text_encoder, tokenizer, transformer_state = train_transformer(
        rehearsed,
        improvised,
        transformer_settings,
        stored(transformer_path, TransformerState),
        announcing_saver(transformer_path, transformer_settings.steps, TransformerState),
    )
    decoder_state = train_decoder(
        vae,
        decoders_set(vae, size, work),
        decoder_settings,
        stored(decoder_path, TrainingState),
        announcing_saver(decoder_path, decoder_settings.steps, TrainingState),
    )
    mean, std = rehearsed.statistics()
    vae.register_to_config(latents_mean=mean.tolist(), latents_std=std.tolist())
    report = {
        "training_set": asdict(size),
        "decoder": training_report(decoder_settings, decoder_state),
        "transformer": training_report(transformer_settings, transformer_state),
    }
    save_small_mochi(folder, vae, transformer, text_encoder, tokenizer, report)
    for part in ("decoder", "transformer"):
        print(f"{part}: {report[part]['minutes']} minutes, final loss {report[part]['final_loss']}", file=sys.stderr)


def latent_set(
    vae: AutoencoderKLMochi, size: TrainingSetSize, repertoire: Repertoire, clips: int, folder: Path
) -> LatentSet:
    """The first clips of a repertoire, rendered in processes of their own.

    Parts that are in `folder` already are not made again.
    """
    starts = range(0, clips, PART_CLIPS)
    paths = [folder / f"from_{start:06d}.pt" for start in starts]
    missing = [
        (path, range(start, min(start + PART_CLIPS, clips)))
        for path, start in zip(paths, starts, strict=True)
        if not path.is_file()
    ]
    if missing:
        with multiprocessing.get_context("spawn").Pool(WORKERS) as pool:
            for path in pool.imap(partial(_make_part, vae, size, repertoire), missing):
                print(f"rendered and encoded {path.name}, of {len(paths)} parts", file=sys.stderr, flush=True)
    parts = [stored(path, LatentSet) for path in paths]
    return joined([part for part in parts if part is not None])


def _make_part(
    vae: AutoencoderKLMochi, size: TrainingSetSize, repertoire: Repertoire, task: tuple[Path, range]
) -> Path:
    path, indices = task
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    store(path, make_latent_set(vae, size, repertoire, indices))
    return path


def decoders_set(vae: AutoencoderKLMochi, size: TrainingSetSize, work: Path) -> PixelSet:
    """The decoder's clips, from `work` where they are there."""
    path = work / "decoders_set.pt"
    found = stored(path, PixelSet)
    if found is None:
        found = make_pixel_set(vae, size, _announce(size.autoencoder_clips))
        store(path, found)
    return found


def _announce(total: int) -> Callable[[int], None]:
    def announce(done: int) -> None:
        if done % 160 == 0 or done == total:
            print(f"rendered and encoded {done} of {total} clips", file=sys.stderr, flush=True)

    return announce
