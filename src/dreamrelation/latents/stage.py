"""The latents stage: films and masks of one relation → `latents.parquet`.

Masks and clips are sibling packages, so what this stage needs of them comes in as functions.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from dreamrelation import tables
from dreamrelation.backbones.interface import Autoencoder
from dreamrelation.backbones.opening import open_autoencoder
from dreamrelation.backbones.weights import autoencoder_fingerprint
from dreamrelation.geometry import latent_grid
from dreamrelation.roles import Role
from dreamrelation.settings.experiment import ExperimentSettings

Row = dict[str, Any]


def latents_fingerprint(settings: ExperimentSettings) -> str:
    """Digest of what a cache depends on: the autoencoder, the size of the frames, and how masks were pooled."""
    return tables.fingerprint(
        autoencoder=autoencoder_fingerprint(settings.model),
        height=settings.clips.height,
        width=settings.clips.width,
        union=settings.latents.union,
        pooling=settings.latents.pooling,
        normalisation="raw: the transformer's statistics are applied when training reads",
    )


def run(
    settings: ExperimentSettings,
    relation: str,
    rows: list[Row],
    latents: Path,
    read_frames: Callable[[Row], np.ndarray],
    read_latent_masks: Callable[[Row], dict[Role, np.ndarray]],
) -> None:
    """Encode the clips `rows` of tables.SELECTION and write them with their latent masks.

    `read_frames` gives (F, H, W, 3) uint8, `read_latent_masks` the three (f, h, w) masks by role. Raises ValueError
    where clips differ in length, or a mask does not fit the latent grid.
    """
    if not rows:
        raise ValueError(f"{latents}: relation {relation!r} has no clip with masks, expected at least one")
    lengths = {row["pixel_frames"] for row in rows}
    if len(lengths) != 1:
        raise ValueError(f"{latents}: found clips of {sorted(lengths)} frames, expected one length per relation")
    pixel_frames = lengths.pop()
    autoencoder = open_autoencoder(settings.model)
    cached = []
    for start in tqdm(range(0, len(rows), settings.latents.batch_size), desc=f"latents {relation}", file=sys.stderr):
        batch = rows[start : start + settings.latents.batch_size]
        cached += encode_batch(batch, autoencoder, read_frames, read_latent_masks)
    grid = latent_grid(pixel_frames, settings.clips.height, settings.clips.width)
    schema = tables.latents_schema(cached[0]["mean"].shape[0], grid)
    tables.write(latents, schema, cached, fingerprint=latents_fingerprint(settings), rows_per_group=1)


def encode_batch(
    rows: list[Row],
    autoencoder: Autoencoder,
    read_frames: Callable[[Row], np.ndarray],
    read_latent_masks: Callable[[Row], dict[Role, np.ndarray]],
) -> list[Row]:
    """Rows of `tables.latents_schema` for a few clips."""
    posterior = autoencoder.encode(np.stack([read_frames(row) for row in rows]))
    cached = []
    for number, row in enumerate(rows):
        masks = read_latent_masks(row)
        cached.append(
            {
                "clip": row["clip"],
                "caption": row["caption"],
                "mean": posterior.mean[number].cpu().numpy(),
                "log_variance": posterior.log_variance[number].cpu().numpy(),
                **{f"mask_{role}": mask for role, mask in masks.items()},
            }
        )
    return cached
