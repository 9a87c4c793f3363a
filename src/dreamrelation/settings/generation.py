"""Settings of generation."""

from typing import Annotated

from pydantic import Field

from dreamrelation.settings.base import Settings


class GenerationSettings(Settings):
    """What is generated, and how."""

    subjects: Annotated[tuple[tuple[str, str], ...], Field(min_length=1)]
    """Pairs of new subjects; each is put into the prompt of each relation."""
    videos_per_prompt: Annotated[int, Field(ge=1)] = 1
    """Each with a seed of its own, which all methods share."""
    sampling_steps: Annotated[int, Field(ge=2, multiple_of=2)] = 64
    """Euler steps from noise to latents, an even number."""
    linear_threshold: Annotated[float, Field(gt=0, lt=1)] = 0.025
    """Share of the noise that the first half of the steps removes, the linear half of Mochi's schedule."""
    guidance_scale: Annotated[float, Field(ge=1)] = 6.0
    """Classifier-free guidance; 1: none."""
    pixel_frames: int = 61
    """Frames of each video, 6k+1."""
    batch_size: Annotated[int, Field(ge=1)] = 1
    """Videos per forward pass; a video does not depend on it."""
    frames_per_second: Annotated[int, Field(ge=1)] = 30
    """Of the films that are written; it changes no frame."""
