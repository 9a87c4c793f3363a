"""The latents stage: videos and masks of one relation → `latents.parquet`."""

from pathlib import Path

import numpy as np

from dreamrelation.ahead import ahead
from dreamrelation.backbones.interface import Autoencoder, Posterior
from dreamrelation.data.reading import read_frames
from dreamrelation.errors import UserError
from dreamrelation.latents.cache import EncodedClip, latents_fingerprint, write_clips
from dreamrelation.latents.masks import latent_masks
from dreamrelation.progress import progress
from dreamrelation.segmentation.run_lengths import stored_masks
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.registry import implementation_of
from dreamrelation.settings.stages import FrameSize, LatentsStage
from dreamrelation.tables.rows import MASKS, SELECTION, MaskRow, SelectedClip


def run(
    *, settings: LatentsStage, machine: MachineSettings, relation: str, selection: Path, masks: Path, latents: Path
) -> None:
    """Encode the clips of one relation that have masks, and write them with their latent masks.

    Raises UserError where no clip has masks, clips differ in length, or masks are not two per frame.
    """
    mask_rows = MASKS.read(masks)
    clips = masked_clips(SELECTION.read(selection), mask_rows, relation)
    backbone = implementation_of(settings.model)(settings.model, machine)
    autoencoder = backbone.autoencoder()
    encoded: list[EncodedClip] = []
    batches = [clips[start : start + machine.encoding_batch] for start in range(0, len(clips), machine.encoding_batch)]
    frames = ahead(lambda batch: frames_of(batch, settings.size), batches)
    for batch, pictures in progress(zip(batches, frames, strict=True), len(batches), f"latents of {relation}"):
        encoded += encode_batch(batch, pictures, mask_rows, autoencoder, settings)
    write_clips(latents, encoded, latents_fingerprint(settings, backbone.fingerprint("autoencoder")))


def masked_clips(selection: list[SelectedClip], masks: list[MaskRow], relation: str) -> list[SelectedClip]:
    """The clips of a relation that have masks, in the order of the selection."""
    masked = {row.clip for row in masks}
    clips = [clip for clip in selection if clip.relation == relation and clip.clip in masked]
    if not clips:
        raise UserError(f"relation {relation!r} has no clip with masks, expected at least one")
    lengths = {clip.pixel_frames for clip in clips}
    if len(lengths) != 1:
        raise UserError(f"{relation}: found clips of {sorted(lengths)} frames, expected one length per relation")
    return clips


def frames_of(clips: list[SelectedClip], size: FrameSize) -> np.ndarray:
    """(B, F, H, W, 3) uint8 RGB."""
    return np.stack([read_frames(clip, size.height, size.width) for clip in clips])


def encode_batch(
    clips: list[SelectedClip],
    frames: np.ndarray,
    masks: list[MaskRow],
    autoencoder: Autoencoder,
    settings: LatentsStage,
) -> list[EncodedClip]:
    """Posterior and latent masks of a few clips with these frames (B, F, H, W, 3)."""
    posterior = autoencoder.encode(frames)
    encoded = []
    for number, clip in enumerate(clips):
        own = Posterior(posterior.mean[number], posterior.log_variance[number])
        pixel_masks = stored_masks(masks, clip.clip, clip.pixel_frames)
        pooled = latent_masks(pixel_masks, settings.latents, settings.model.spec)
        encoded.append(EncodedClip(clip.clip, clip.caption, clip.split, own, pooled))
    return encoded
