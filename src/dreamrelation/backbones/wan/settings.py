"""Settings of Wan 2.1 and 2.2."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from dreamrelation.backbone_spec import BackboneSpec
from dreamrelation.backbones.wan.spec import WAN, WAN_2_2_5B, WAN_2_2_A14B
from dreamrelation.settings.model import ModelSettings, Part, Precision, Precisions


class WanPrecisions(Precisions):
    """Of the frozen weights and the forward pass of each part; what is trained is always float32.

    The autoencoder is float32 unless told otherwise, as the pipelines' documentation loads it. `None` stands for a part
    that a stage does not use.
    """

    autoencoder: Precision | None = "float32"


class AnyWanSettings(ModelSettings):
    """What all of them share."""

    implementation: ClassVar[str] = "dreamrelation.backbones.wan.backbone:Wan"
    folders: ClassVar[dict[Part, tuple[str, ...]]] = {
        "autoencoder": ("vae",),
        "text_encoder": ("text_encoder", "tokenizer"),
        "denoiser": ("transformer", "vae/config.json", "model_index.json"),
    }

    precision: WanPrecisions = WanPrecisions()
    """One for all parts, such as `float32`, or one for each."""


class WanSettings(AnyWanSettings):
    """Wan 2.1, text to video, 1.3B or 14B, or a smaller model of its classes."""

    spec: ClassVar[BackboneSpec] = WAN
    published: ClassVar[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
        "Wan-AI/Wan2.1-T2V-1.3B-Diffusers": {
            "": {},
            "transformer": {"num_layers": 30, "num_attention_heads": 12, "ffn_dim": 8960},
            "vae": {},
        },
        "Wan-AI/Wan2.1-T2V-14B-Diffusers": {"": {}, "transformer": {}, "vae": {}},
    }

    kind: Literal["wan"] = "wan"
    path: str = "Wan-AI/Wan2.1-T2V-1.3B-Diffusers"
    """Hub id, or a local folder in diffusers' layout."""


class Wan22Of5BSettings(AnyWanSettings):
    """Wan 2.2, the 5B for text and image to video, from text alone."""

    spec: ClassVar[BackboneSpec] = WAN_2_2_5B
    published: ClassVar[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
        "Wan-AI/Wan2.2-TI2V-5B-Diffusers": {
            "": {},
            "transformer": {
                "in_channels": 48,
                "out_channels": 48,
                "num_layers": 30,
                "num_attention_heads": 24,
                "ffn_dim": 14336,
            },
            "vae": {
                "base_dim": 160,
                "decoder_base_dim": 256,
                "z_dim": 48,
                "is_residual": True,
                "in_channels": 12,
                "out_channels": 12,
                "patch_size": 2,
                "scale_factor_spatial": 16,
                "latents_mean": [0.0] * 48,  # no sizes: any number will do
                "latents_std": [1.0] * 48,
            },
        }
    }

    kind: Literal["wan_2_2_5b"] = "wan_2_2_5b"
    path: str = "Wan-AI/Wan2.2-TI2V-5B-Diffusers"
    """Hub id, or a local folder in diffusers' layout."""


class Wan22OfA14BSettings(AnyWanSettings):
    """Wan 2.2, the A14B for text to video: two transformers of 14B, one for high noise and one for low."""

    implementation: ClassVar[str] = "dreamrelation.backbones.wan.backbone:WanOfTwoExperts"
    spec: ClassVar[BackboneSpec] = WAN_2_2_A14B
    folders: ClassVar[dict[Part, tuple[str, ...]]] = {
        **AnyWanSettings.folders,
        "denoiser": ("transformer", "transformer_2", "vae/config.json", "model_index.json"),
    }
    published: ClassVar[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
        "Wan-AI/Wan2.2-T2V-A14B-Diffusers": {
            "": {"boundary_ratio": 0.875},
            "transformer": {},
            "transformer_2": {},
            "vae": {},
        }
    }

    kind: Literal["wan_2_2_a14b"] = "wan_2_2_a14b"
    path: str = "Wan-AI/Wan2.2-T2V-A14B-Diffusers"
    """Hub id, or a local folder in diffusers' layout."""
