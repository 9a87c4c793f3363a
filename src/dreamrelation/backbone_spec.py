"""What is known of a backbone without loading it: its grids, the names of its layers, how it is sampled by default."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from dreamrelation.errors import UserError


@dataclass(frozen=True)
class Schedule:
    """How noise levels fall from 1 to 0 in sampling; `sampling.schedules` computes them."""

    kind: Literal["linear_quadratic", "shifted", "zero_terminal_snr", "shifted_and_stretched"]
    """linear_quadratic: Mochi's, slow at first; shifted: σ' = sσ/(1 + (s − 1)σ) of evenly spaced σ; zero_terminal_snr:
    CogVideoX's, evenly spaced timesteps of a diffusion that ends in pure noise; shifted_and_stretched: LTX-2's, as
    shifted, and then stretched so that the last level above 0 is a tenth."""
    value: float
    """linear_quadratic: the share of the noise that the first half of the steps removes; shifted and
    shifted_and_stretched: s; zero_terminal_snr:
    the factor by which the signal-to-noise ratio of the diffusion is divided."""


@dataclass(frozen=True)
class SamplingDefaults:
    """What the model's publishers sample with."""

    schedule: Schedule
    steps: int
    guidance_scale: float
    frames_per_second: int
    negative_prompt: str = ""
    embedded_guidance: float | None = None
    """The guidance that a model is told which was distilled to answer as if guided so; `None`: it is told none."""


@dataclass(frozen=True)
class NativeLayer:
    """A linear layer in the publishers' own code, which ComfyUI follows, and which rows of it are a layer of diffusers.

    Where query, key and value are one layer there, each is one part of three.
    """

    name: str
    part: int = 0
    of: int = 1


@dataclass(frozen=True)
class BackboneSpec:
    """Facts about one family of video diffusion transformers."""

    title: str
    temporal_stride: int
    """Pixel frames per latent frame, after the first."""
    spatial_stride: int
    """Pixels per latent cell, along each side."""
    patch: int
    """Latent cells per token of the transformer, along each side."""
    projections: Mapping[str, tuple[str, ...]]
    """The field's name of a linear layer of attention, such as "query" → how the names of its modules end, that of the
    visual tokens first."""
    sampling: SamplingDefaults
    latent_frame_step: int = 1
    """Latent frames beyond the first, where one pixel frame has it alone, come in multiples of this."""
    text_place: Literal["apart", "before", "after"] = "apart"
    """Where text tokens go through the projections of visual tokens, in some blocks at least, on which side of them."""
    text_in_attention: Literal["before", "after", "cross"] = "after"
    """Where text tokens stand in the sequence of visual tokens that attends to itself; cross: in no such place, visual
    tokens attend to them in an attention of its own, that of the projection "cross_query"."""
    text_tokens: int = 512
    """So many tokens of a text are read, L."""
    blocks: tuple[str, ...] = ("transformer_blocks",)
    """Lists of the transformer's blocks, in the order in which a forward pass goes through them."""
    causal_first_frame: bool = True
    """Latent frame 0 covers pixel frame 0 alone, so that there are stride·k + 1 frames."""
    block_counts: tuple[str, ...] = ("num_layers",)
    """What the transformer's configuration calls the number of blocks of each of these lists."""
    experts: bool = False
    """Whether each noise level has a transformer of its own, so that in one step processes may train different ones."""
    splits_tokens: bool = False
    """Whether diffusers can divide its tokens among processes."""
    state_prefix: str = "transformer."
    """What diffusers' LoRA files put before the names of this model's modules."""
    native_parts: Mapping[str, str] = field(default_factory=lambda: {"transformer": ""})
    """Name of a transformer in the pipeline → how the name of its file for ComfyUI ends, which loads them apart."""
    native_blocks: Mapping[str, str] = field(default_factory=dict)
    """List of blocks → its name in the publishers' code."""
    native_layers: Mapping[str, NativeLayer] = field(default_factory=dict)
    """List of blocks and name of a layer within a block, "blocks.attn1.to_q" → what it is there. Empty: not known, so
    there is no file for ComfyUI."""

    def check_pixel_frames(self, pixel_frames: int) -> None:
        """Raise UserError unless the autoencoder can encode so many frames, without a rest."""
        extra, stride = int(self.causal_first_frame), self.temporal_stride * self.latent_frame_step
        if pixel_frames < stride + 1 or (pixel_frames - extra) % stride:
            rule = f"{stride}k+1" if self.causal_first_frame else f"{stride}k"
            some = ", ".join(str(stride * k + extra) for k in (1, 2, 3))
            raise UserError(f"found {pixel_frames} pixel frames, expected {rule} ({some}, …) for {self.title}")

    def latent_frames(self, pixel_frames: int) -> int:
        """Number of latent frames f of F pixel frames."""
        self.check_pixel_frames(pixel_frames)
        extra = int(self.causal_first_frame)
        return (pixel_frames - extra) // self.temporal_stride + extra

    def covered_frames(self, latent_frame: int) -> range:
        """Pixel frames that a latent frame covers."""
        if latent_frame < 0:
            raise ValueError(f"found latent frame {latent_frame}, expected at least 0")
        stride = self.temporal_stride
        if not self.causal_first_frame:
            return range(stride * latent_frame, stride * (latent_frame + 1))
        return range(1) if latent_frame == 0 else range(stride * (latent_frame - 1) + 1, stride * latent_frame + 1)

    def check_size(self, height: int, width: int) -> None:
        """Raise UserError where a side, in pixels, does not fill whole patches."""
        multiple = self.spatial_stride * self.patch
        if height % multiple or width % multiple or min(height, width) < multiple:
            raise UserError(
                f"found frames of {height} × {width} pixels, expected multiples of {multiple} for {self.title}"
            )

    def latent_grid(self, pixel_frames: int, height: int, width: int) -> tuple[int, int, int]:
        """(f, h, w) of a clip. Raises UserError where frames or sides do not fit."""
        self.check_size(height, width)
        return self.latent_frames(pixel_frames), height // self.spatial_stride, width // self.spatial_stride

    def check_projections(self, names: tuple[str, ...]) -> None:
        """Raise UserError for a projection that the model does not have."""
        unknown = [name for name in names if name not in self.projections]
        if unknown:
            known = ", ".join(self.projections)
            raise UserError(f"{self.title} has no projection {unknown[0]!r}, expected some of {known}")
