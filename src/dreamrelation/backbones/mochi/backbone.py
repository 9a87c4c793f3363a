"""Mochi 1 as a backbone."""

from dreamrelation.backbones.mochi.autoencoder import MochiAutoencoder
from dreamrelation.backbones.mochi.denoiser import MochiDenoiser
from dreamrelation.backbones.mochi.text_encoder import MochiTextEncoder
from dreamrelation.backbones.parts import BackboneOfParts, Parts


class Mochi(BackboneOfParts):
    parts = Parts(MochiAutoencoder, MochiTextEncoder, MochiDenoiser)
