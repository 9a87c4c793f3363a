"""Settings of the base model and of the cached latents."""

from typing import Annotated, Literal

from pydantic import Field

from dreamrelation.settings.base import Settings


class ModelSettings(Settings):
    """The video diffusion transformer."""

    backbone: Literal["mochi"] = "mochi"
    """The family of models that `path` belongs to."""
    path: str = "genmo/mochi-1-preview"
    """Hub id, or a local folder in diffusers' layout."""
    revision: str | None = None
    """Commit of the hub repository; `None`: the newest."""
    variant: str | None = None
    """Weight variant of the hub repository, such as bf16."""
    precision: Literal["float32", "bfloat16"] = "bfloat16"
    """Of the frozen weights and of the forward pass; adapters are always float32."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where models run, the segmenters and CLIP too; `auto`: on the GPU if there is one. The judge is a CPU's."""
    vae_tiling: bool = False
    """Encode and decode in overlapping tiles: less memory for large frames."""
    gradient_checkpointing: bool = False
    """Recompute activations in the backward pass: less memory, about a third slower."""


class LatentSettings(Settings):
    """The latent cache."""

    batch_size: Annotated[int, Field(ge=1)] = 1
    """Clips per forward pass of the encoder."""
    union: Literal["per_pixel", "released_code"] = "per_pixel"
    """Relation mask: union of the subjects' pixels before pooling; `released_code` adds the two pooled masks."""
    pooling: Literal["area", "released_code"] = "area"
    """Share of a latent cell's pixels; `released_code` marks a cell as soon as any pixel is inside."""
