"""Settings of LTX-2."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from dreamrelation.backbone_spec import BackboneSpec
from dreamrelation.backbones.ltx2.spec import LTX2
from dreamrelation.settings.model import ModelSettings, Part


class Ltx2Settings(ModelSettings):
    """LTX-2, text to video without sound, or a smaller model of its classes."""

    implementation: ClassVar[str] = "dreamrelation.backbones.ltx2.backbone:Ltx2"
    spec: ClassVar[BackboneSpec] = LTX2
    folders: ClassVar[dict[Part, tuple[str, ...]]] = {
        "autoencoder": ("vae",),
        "text_encoder": ("text_encoder", "tokenizer", "connectors"),
        "denoiser": ("transformer", "vae"),
    }
    published: ClassVar[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
        "Lightricks/LTX-2": {"transformer": {}, "vae": {}}
    }

    kind: Literal["ltx2"] = "ltx2"
    path: str = "Lightricks/LTX-2"
    """Hub id, or a local folder in diffusers' layout."""
