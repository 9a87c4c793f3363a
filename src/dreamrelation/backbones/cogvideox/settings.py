"""Settings of CogVideoX."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from dreamrelation.backbone_spec import BackboneSpec
from dreamrelation.backbones.cogvideox.spec import COGVIDEOX_2B, COGVIDEOX_5B
from dreamrelation.settings.model import ModelSettings, Part

SCHEDULER = {
    "rescale_betas_zero_snr": True,
    "prediction_type": "v_prediction",
    "timestep_spacing": "trailing",
    "clip_sample": False,
}
"""What the published models' schedulers share beside diffusers' defaults."""


class AnyCogVideoXSettings(ModelSettings):
    """What both sizes share."""

    implementation: ClassVar[str] = "dreamrelation.backbones.cogvideox.backbone:CogVideoX"
    folders: ClassVar[dict[Part, tuple[str, ...]]] = {
        "autoencoder": ("vae",),
        "text_encoder": ("text_encoder", "tokenizer"),
        "denoiser": ("transformer", "scheduler/scheduler_config.json", "vae/config.json"),
    }


class CogVideoXSettings(AnyCogVideoXSettings):
    """CogVideoX 5B, text to video, or a smaller model of its classes."""

    spec: ClassVar[BackboneSpec] = COGVIDEOX_5B
    published: ClassVar[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
        "zai-org/CogVideoX-5b": {
            "transformer": {"num_attention_heads": 48, "num_layers": 42, "use_rotary_positional_embeddings": True},
            "scheduler": {**SCHEDULER, "snr_shift_scale": 1.0},
            "vae": {"scaling_factor": 0.7},
        }
    }

    kind: Literal["cogvideox"] = "cogvideox"
    path: str = "zai-org/CogVideoX-5b"
    """Hub id, or a local folder in diffusers' layout."""


class CogVideoX2BSettings(AnyCogVideoXSettings):
    """CogVideoX 2B, whose tokens have sines for places, and whose noise is another one."""

    spec: ClassVar[BackboneSpec] = COGVIDEOX_2B
    published: ClassVar[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
        "zai-org/CogVideoX-2b": {
            "transformer": {},
            "scheduler": {**SCHEDULER, "snr_shift_scale": 3.0},
            "vae": {},
        }
    }

    kind: Literal["cogvideox_2b"] = "cogvideox_2b"
    path: str = "zai-org/CogVideoX-2b"
    """Hub id, or a local folder in diffusers' layout."""
