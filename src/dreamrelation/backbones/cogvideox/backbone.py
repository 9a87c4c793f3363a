"""CogVideoX as a backbone."""

from dreamrelation.backbones.cogvideox.autoencoder import CogVideoXAutoencoder
from dreamrelation.backbones.cogvideox.denoiser import CogVideoXDenoiser
from dreamrelation.backbones.cogvideox.text_encoder import CogVideoXTextEncoder
from dreamrelation.backbones.parts import BackboneOfParts, Parts


class CogVideoX(BackboneOfParts):
    parts = Parts(CogVideoXAutoencoder, CogVideoXTextEncoder, CogVideoXDenoiser)
