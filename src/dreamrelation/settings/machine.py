"""Where and in what portions things run: it changes how long a stage takes and what memory it needs, not what it makes.

Nothing is made again because one of these changed.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from dreamrelation.settings.base import Count, Settings

AttentionKernel = Literal["auto", "sdpa", "flash_3"]


class EndpointSettings(Settings):
    """How servers are asked that metrics need. Each job counts for itself."""

    concurrency: Annotated[int, Field(ge=1, le=256)] = 8
    """Requests at the same time."""
    requests_per_minute: Count | None = None
    """No more than this; `None`: as fast as the server answers."""
    timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 120.0
    """How long an answer may take."""
    attempts: Count = 8
    """How often a request is sent until it succeeds, with growing pauses or those that the server asks for."""
    max_calls: Count = 5000
    """An experiment that would ask more often is refused before it starts, and a job that does is stopped."""
    price_per_million_tokens: Annotated[float, Field(ge=0)] | None = None
    """In whatever currency, for `dreamrelation plan`."""
    tokens_per_frame: Count = 558
    """What a picture counts for, of which `dreamrelation plan` makes tokens; some 480 × 848 in Qwen-VL."""


class MachineSettings(Settings):
    """Settings of the machine. A change of them reruns nothing."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where models run; `auto`: on the GPU if there is one."""
    vae_tiling: bool = False
    """Encode and decode in overlapping tiles: less memory for large frames."""
    gradient_checkpointing: bool | Count = False
    """Recompute activations in the backward pass: less memory, about a third slower. A number n: every n-th block's."""
    stream_weights: bool = False
    """Keep the denoiser's blocks in the host's memory and bring each to the GPU when its turn is; needs
    `gradient_checkpointing: true` in training."""
    shard_weights: bool = False
    """With `training_processes` above 1: divide the weights of the denoiser's blocks among these processes (FSDP2),
    each of which otherwise holds all of them. Other stages do not do it."""
    compile_blocks: bool = False
    """Compile the denoiser's blocks with torch.compile: faster steps after a slow start."""
    attention: AttentionKernel = "auto"
    """What computes attention in the denoiser: `sdpa`, whichever kernel torch chooses; `flash_3`, FlashAttention-3 for
    attention without a mask; `auto`, the second on a Hopper card where its package is installed."""
    segmentation_batch: Count = 8
    """Frames per forward pass of detectors and segmenters."""
    encoding_batch: Count = 1
    """Clips per forward pass of the autoencoder."""
    generation_batch: Count = 1
    """Videos per forward pass of the denoiser; a video does not depend on it."""
    metric_batch: Count = 32
    """Frames per forward pass of a metric's network."""
    endpoint: EndpointSettings = EndpointSettings()
    training_processes: Count = 1
    """Processes that train one method together, each on a graphics card of its own and with its share of `batch_size`,
    or of the tokens (`split_videos`)."""
    generation_processes: Count = 1
    """Processes that share the videos of one method and relation, each on a graphics card of its own."""
    split_videos: bool = False
    """With `generation_processes` or `training_processes` above 1: these go through every video together, each with its
    share of the tokens (context parallelism, Ulysses), instead of each through its own. Wan only."""
    tensorboard: bool = False
    """Write the numbers of running trainings to `logs/tensorboard/` of the experiment, for TensorBoard."""
    checkpoint_every: Count = 200
    """Training steps between two saved states from which a killed training goes on."""

    @model_validator(mode="after")
    def _streams_what_is_checkpointed(self) -> "MachineSettings":
        if self.stream_weights and self.gradient_checkpointing not in (True, 1):
            raise ValueError(
                f"stream_weights with gradient_checkpointing {self.gradient_checkpointing}, expected true: blocks that"
                " are not checkpointed keep their weights on the GPU until the backward pass"
            )
        if self.stream_weights and self.shard_weights:
            raise ValueError("stream_weights and shard_weights are both true, expected one of them")
        return self
