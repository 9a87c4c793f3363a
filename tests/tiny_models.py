"""All backbones, each as a tiny model with random weights, and diffusers' own pipeline of the same folder."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers import DiffusionPipeline, FlowMatchEulerDiscreteScheduler
from diffusers.pipelines.hunyuan_video.pipeline_hunyuan_video import DEFAULT_PROMPT_TEMPLATE

from dreamrelation.backbone_spec import BackboneSpec
from dreamrelation.backbones.hunyuan_video.settings import HunyuanVideoSettings
from dreamrelation.backbones.interface import Backbone, TextEmbeddings
from dreamrelation.backbones.ltx2.settings import Ltx2Settings
from dreamrelation.sampling.guidance import Guidance
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import ModelSettings
from dreamrelation.settings.registry import implementation_of

KINDS = ("mochi", "wan", "wan_2_2_5b", "wan_2_2_a14b", "cogvideox", "hunyuan_video", "ltx2")
"""Each has a session fixture `random_{kind}`."""
ONE_TRANSFORMER = (
    "random_mochi",
    "random_wan",
    "random_wan_2_2_5b",
    "random_cogvideox",
    "random_hunyuan_video",
    "random_ltx2",
)
"""The fixtures of those in which every step trains everything."""
NO_OTHER_GUIDANCE = {"stg_scale": 0.0, "modality_scale": 1.0, "guidance_rescale": 0.0, "audio_stg_scale": 0.0,
                     "audio_modality_scale": 1.0, "audio_guidance_rescale": 0.0,
                     "spatio_temporal_guidance_blocks": None}  # fmt: skip
"""Terms of LTX-2's pipeline that are not classifier-free guidance."""
TOKENS = 32
"""Of the tiny tokenizer; the pipelines' own number is that of the real ones."""


def opened(settings: ModelSettings, **machine: object) -> Backbone:
    return implementation_of(settings)(settings, MachineSettings.model_validate({"device": "cpu", **machine}))


class EvenlySpacedSigmas(FlowMatchEulerDiscreteScheduler):
    """The scheduler at evenly spaced σ, which it then shifts once.

    This is how diffusers' newer pipelines of flow models, such as Flux, call it. Called with a number of steps alone,
    it starts from its smallest σ, which is shifted already, shifts it again, and so spends the last step on next to
    nothing.
    """

    def set_timesteps(self, num_inference_steps: Any = None, device: Any = None, sigmas: Any = None, **_: Any) -> None:
        if sigmas is None:
            sigmas = np.linspace(1, 1 / num_inference_steps, num_inference_steps).tolist()
        super().set_timesteps(device=device, sigmas=sigmas)


@dataclass(frozen=True)
class Kind:
    """One tiny model."""

    settings: ModelSettings

    @property
    def spec(self) -> BackboneSpec:
        return self.settings.spec

    @property
    def backbone(self) -> Backbone:
        return opened(self.settings)

    def pipeline(self) -> Any:
        """diffusers' own, which samples at the noise levels of the spec."""
        pipeline: Any = DiffusionPipeline.from_pretrained(self.settings.path)
        if self.spec.sampling.schedule.kind == "shifted":
            shift = self.spec.sampling.schedule.value
            pipeline.scheduler = EvenlySpacedSigmas.from_config(pipeline.scheduler.config, shift=shift)
        if isinstance(self.settings, Ltx2Settings):
            forward = pipeline.transformer.forward
            pipeline.transformer.forward = lambda **given: forward(**{**given, "isolate_modalities": True})
        pipeline.set_progress_bar_config(disable=True)
        return pipeline

    def asked(self, scale: float) -> dict[str, Any]:
        """How its pipeline is asked for guidance of this scale, and for as many tokens as we read."""
        if isinstance(self.settings, HunyuanVideoSettings):
            template = {**DEFAULT_PROMPT_TEMPLATE, "crop_start": self.settings.template_tokens}
            return {"true_cfg_scale": scale, "prompt_template": template, "max_sequence_length": TOKENS}
        if isinstance(self.settings, Ltx2Settings):
            return {"guidance_scale": scale, "max_sequence_length": TOKENS, **NO_OTHER_GUIDANCE}
        return {"guidance_scale": scale, "max_sequence_length": TOKENS}

    def texts_of(self, pipeline: Any, text: str) -> TextEmbeddings:
        """What its pipeline makes of a text. CogVideoX's and Wan's say nothing of the tokens that count."""
        asked = self.asked(1.0)
        if isinstance(self.settings, HunyuanVideoSettings):
            asked.pop("true_cfg_scale")
            embedding, pooled, mask = pipeline.encode_prompt(text, **asked)
            return TextEmbeddings(embedding, mask.bool(), pooled)
        if isinstance(self.settings, Ltx2Settings):
            layers, counted, *_ = pipeline.encode_prompt(
                text, do_classifier_free_guidance=False, max_sequence_length=TOKENS
            )
            embedding, _, mask = pipeline.connectors(layers, counted, padding_side="left")
            return TextEmbeddings(embedding, mask.bool())
        embedding, mask, *_ = pipeline.encode_prompt(
            text, do_classifier_free_guidance=False, max_sequence_length=asked["max_sequence_length"]
        )
        if not torch.is_tensor(mask):
            mask = self.backbone.text_encoder().embed([text]).attention_mask
        return TextEmbeddings(embedding, mask)

    def guidance(self, scale: float, negative: TextEmbeddings) -> Guidance:
        """Ours, to the same end."""
        return Guidance(scale, negative, self.spec.sampling.embedded_guidance)

    def for_pipeline(self, latents: torch.Tensor) -> torch.Tensor:
        """Latents (B, C, f, h, w) as the pipeline takes them: CogVideoX has frames first, LTX-2 takes tokens."""
        if isinstance(self.settings, Ltx2Settings):
            return latents.flatten(2).transpose(1, 2)
        return latents.transpose(1, 2) if self.settings.kind.startswith("cogvideox") else latents

    def from_pipeline(self, latents: torch.Tensor) -> torch.Tensor:
        """The latents (B, C, f, h, w) that a pipeline gives back; LTX-2's are already in the autoencoder's space."""
        if isinstance(self.settings, Ltx2Settings):
            return self.backbone.denoiser().normalise(latents)
        return self.for_pipeline(latents)

    def pixel_frames(self, latent_frames: int) -> int:
        return self.spec.temporal_stride * (latent_frames - 1) + 1

    def size(self, rows: int, columns: int) -> tuple[int, int]:
        """Height and width in pixels of so many tokens."""
        pixels = self.spec.spatial_stride * self.spec.patch
        return pixels * rows, pixels * columns

    def cells(self, rows: int, columns: int) -> tuple[int, int]:
        """Height and width in latent cells of so many tokens."""
        return self.spec.patch * rows, self.spec.patch * columns

    def noise(self, channels: int, count: int, grid: tuple[int, int, int]) -> torch.Tensor:
        return torch.randn(count, channels, *grid, generator=torch.Generator().manual_seed(7))
