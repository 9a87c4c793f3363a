"""Where and in what portions things run: it changes how long a stage takes and what memory it needs, not what it makes.

Nothing is made again because one of these changed.
"""

from typing import Literal

from dreamrelation.settings.base import Count, Settings


class MachineSettings(Settings):
    """Settings of the machine. A change of them reruns nothing."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where models run; `auto`: on the GPU if there is one."""
    vae_tiling: bool = False
    """Encode and decode in overlapping tiles: less memory for large frames."""
    gradient_checkpointing: bool = False
    """Recompute activations in the backward pass: less memory, about a third slower."""
    segmentation_batch: Count = 8
    """Frames per forward pass of detectors and segmenters."""
    encoding_batch: Count = 1
    """Clips per forward pass of the autoencoder."""
    generation_batch: Count = 1
    """Videos per forward pass of the denoiser; a video does not depend on it."""
    metric_batch: Count = 32
    """Frames per forward pass of a metric's network."""
    checkpoint_every: Count = 200
    """Training steps between two saved states from which a killed training goes on."""
