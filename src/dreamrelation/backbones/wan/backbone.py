"""Wan 2.1 and 2.2 as backbones."""

from dreamrelation.backbones.parts import BackboneOfParts, Parts
from dreamrelation.backbones.wan.autoencoder import WanAutoencoder
from dreamrelation.backbones.wan.denoiser import WanDenoiser
from dreamrelation.backbones.wan.experts import TwoExpertsDenoiser
from dreamrelation.backbones.wan.text_encoder import WanTextEncoder


class Wan(BackboneOfParts):
    parts = Parts(WanAutoencoder, WanTextEncoder, WanDenoiser)


class WanOfTwoExperts(BackboneOfParts):
    parts = Parts(WanAutoencoder, WanTextEncoder, TwoExpertsDenoiser)
