"""Settings of Mochi 1."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from dreamrelation.backbone_spec import BackboneSpec
from dreamrelation.backbones.mochi.spec import MOCHI
from dreamrelation.settings.model import ModelSettings, Part


class MochiSettings(ModelSettings):
    """Mochi 1, or a smaller model of its classes."""

    implementation: ClassVar[str] = "dreamrelation.backbones.mochi.backbone:Mochi"
    spec: ClassVar[BackboneSpec] = MOCHI
    folders: ClassVar[dict[Part, tuple[str, ...]]] = {
        "autoencoder": ("vae",),
        "text_encoder": ("text_encoder", "tokenizer"),
        "denoiser": ("transformer", "vae/config.json"),
    }
    published: ClassVar[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
        "genmo/mochi-1-preview": {"transformer": {}, "vae": {}}
    }

    kind: Literal["mochi"] = "mochi"
    path: str = "genmo/mochi-1-preview"
    """Hub id, or a local folder in diffusers' layout."""
