"""Settings of HunyuanVideo."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from dreamrelation.backbone_spec import BackboneSpec
from dreamrelation.backbones.hunyuan_video.spec import HUNYUAN_VIDEO
from dreamrelation.settings.base import Count
from dreamrelation.settings.model import ModelSettings, Part


class HunyuanVideoSettings(ModelSettings):
    """HunyuanVideo, text to video, or a smaller model of its classes."""

    implementation: ClassVar[str] = "dreamrelation.backbones.hunyuan_video.backbone:HunyuanVideo"
    spec: ClassVar[BackboneSpec] = HUNYUAN_VIDEO
    folders: ClassVar[dict[Part, tuple[str, ...]]] = {
        "autoencoder": ("vae",),
        "text_encoder": ("text_encoder", "tokenizer", "text_encoder_2", "tokenizer_2"),
        "denoiser": ("transformer", "vae/config.json"),
    }
    published: ClassVar[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
        "hunyuanvideo-community/HunyuanVideo": {"transformer": {}, "vae": {}}
    }

    kind: Literal["hunyuan_video"] = "hunyuan_video"
    path: str = "hunyuanvideo-community/HunyuanVideo"
    """Hub id, or a local folder in diffusers' layout."""
    template_tokens: Count = 95
    """Of the text that is put before every prompt, so many tokens by the model's own tokenizer; they are cut off behind
    the encoder. Another number is for another tokenizer."""
