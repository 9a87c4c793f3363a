"""The small Mochi, trained from nothing."""

import sys
from collections.abc import Callable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from diffusers import AutoencoderKLMochi

from dreamrelation.files import appearing
from dreamrelation.puppets.models.block_pca import start_linear
from dreamrelation.puppets.models.small_mochi import save_small_mochi, small_vae
from dreamrelation.puppets.models.train_decoder import DecoderState, DecoderTraining, train_decoder
from dreamrelation.puppets.models.train_transformer import TransformerState, TransformerTraining, train_transformer
from dreamrelation.puppets.models.training_set import TrainingSet, TrainingSetSize, make_training_set, rendered

State = TypeVar("State", DecoderState, TransformerState, TrainingSet)
FITTED_CLIPS, FITTED_FRAMES = 100, 7
"""Clips, and their first frames, that the linear encoder is fitted to."""
RECENT = 200
"""Steps over which a reported loss is averaged."""


def linear_vae(size: TrainingSetSize) -> AutoencoderKLMochi:
    """The autoencoder before its decoder's training."""
    torch.manual_seed(size.seed)
    vae = small_vae()
    clips = np.stack([frames[:FITTED_FRAMES] for frames, _, _ in rendered(size, range(FITTED_CLIPS))])
    start_linear(vae, clips, size.seed)
    return vae.eval()


def train_mochi(folder: Path, work: Path) -> None:
    """Fit the encoder, train the decoder and the transformer, and write `folder` in diffusers' layout.

    States go to `work`, from which a stopped run goes on. Takes about two hours on two cores.
    """
    size, decoder_settings, transformer_settings = TrainingSetSize(), DecoderTraining(), TransformerTraining()
    vae = linear_vae(size)
    data = _load(work / "training_set.pt", TrainingSet)
    if data is None:
        data = make_training_set(vae, size, range(size.clips), _announce(size.clips))
        _store(work / "training_set.pt", data)
    decoder_path, transformer_path = work / "decoder.pt", work / "transformer.pt"
    decoder_state = train_decoder(
        vae, data, decoder_settings, _load(decoder_path, DecoderState), _saver(decoder_path, decoder_settings.steps)
    )
    transformer, text_encoder, tokenizer, transformer_state = train_transformer(
        data,
        transformer_settings,
        _load(transformer_path, TransformerState),
        _saver(transformer_path, transformer_settings.steps),
    )
    mean, std = data.statistics()
    vae.register_to_config(latents_mean=mean.tolist(), latents_std=std.tolist())
    report = {
        "training_set": asdict(size),
        "decoder": training_report(decoder_settings, decoder_state),
        "transformer": training_report(transformer_settings, transformer_state),
    }
    save_small_mochi(folder, vae, transformer, text_encoder, tokenizer, report)
    for part in ("decoder", "transformer"):
        print(f"{part}: {report[part]['minutes']} minutes, final loss {report[part]['final_loss']}", file=sys.stderr)


def training_report(
    settings: DecoderTraining | TransformerTraining, state: DecoderState | TransformerState
) -> dict[str, Any]:
    """What is told of one training: minutes, steps, the loss averaged over the last steps, the settings."""
    recent = state.losses[-RECENT:]
    return {
        "minutes": round(state.seconds / 60, 1),
        "steps": state.step,
        "final_loss": round(sum(recent) / len(recent), 5),
        "settings": asdict(settings),
    }


def _announce(total: int) -> Callable[[int], None]:
    def announce(done: int) -> None:
        if done % 100 == 0 or done == total:
            print(f"rendered and encoded {done} of {total} clips", file=sys.stderr, flush=True)

    return announce


def _saver(path: Path, steps: int) -> Callable[[DecoderState | TransformerState], None]:
    def save(state: DecoderState | TransformerState) -> None:
        _store(path, state)
        recent = state.losses[-RECENT:]
        print(
            f"{path.stem}: step {state.step} of {steps}, {state.seconds / 60:.1f} min,"
            f" loss {sum(recent) / len(recent):.4f}",
            file=sys.stderr,
            flush=True,
        )

    return save


def _store(path: Path, state: DecoderState | TransformerState | TrainingSet) -> None:
    with appearing(path) as beside:
        torch.save({field.name: getattr(state, field.name) for field in fields(state)}, beside)


def _load(path: Path, kind: type[State]) -> State | None:
    """The state of an unfinished training, or None where there is none."""
    if not path.is_file():
        return None
    return kind(**torch.load(path, map_location="cpu", weights_only=True))
