"""LTX-2 as a backbone."""

from dreamrelation.backbones.ltx2.autoencoder import Ltx2Autoencoder
from dreamrelation.backbones.ltx2.denoiser import Ltx2Denoiser
from dreamrelation.backbones.ltx2.text_encoder import Ltx2TextEncoder
from dreamrelation.backbones.parts import BackboneOfParts, Parts


class Ltx2(BackboneOfParts):
    parts = Parts(Ltx2Autoencoder, Ltx2TextEncoder, Ltx2Denoiser)
