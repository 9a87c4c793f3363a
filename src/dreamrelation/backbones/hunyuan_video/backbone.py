"""HunyuanVideo as a backbone."""

from dreamrelation.backbones.hunyuan_video.autoencoder import HunyuanVideoAutoencoder
from dreamrelation.backbones.hunyuan_video.denoiser import HunyuanVideoDenoiser
from dreamrelation.backbones.hunyuan_video.text_encoder import HunyuanVideoTextEncoder
from dreamrelation.backbones.parts import BackboneOfParts, Parts


class HunyuanVideo(BackboneOfParts):
    parts = Parts(HunyuanVideoAutoencoder, HunyuanVideoTextEncoder, HunyuanVideoDenoiser)
