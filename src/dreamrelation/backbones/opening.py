"""From the name of a backbone in the settings to its parts; each part is loaded by itself."""

from dreamrelation.backbones.interface import Autoencoder, Denoiser, TextEncoder
from dreamrelation.backbones.mochi import MochiAutoencoder, MochiDenoiser, MochiTextEncoder
from dreamrelation.settings.model import ModelSettings

AUTOENCODERS = {"mochi": MochiAutoencoder}
TEXT_ENCODERS = {"mochi": MochiTextEncoder}
DENOISERS = {"mochi": MochiDenoiser}


def open_autoencoder(settings: ModelSettings) -> Autoencoder:
    return AUTOENCODERS[settings.backbone](settings)


def open_text_encoder(settings: ModelSettings) -> TextEncoder:
    return TEXT_ENCODERS[settings.backbone](settings)


def open_denoiser(settings: ModelSettings) -> Denoiser:
    return DENOISERS[settings.backbone](settings)
