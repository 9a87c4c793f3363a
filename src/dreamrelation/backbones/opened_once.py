"""A backbone whose parts are opened once, for a program that goes on working with them."""

from functools import cache

import torch

from dreamrelation.backbones.interface import Autoencoder, Backbone, Denoiser, TextEncoder
from dreamrelation.settings.model import Part


class OpenedOnce:
    """Opens each part when it is first asked for, and gives the same one again. See `interface.Backbone`.

    A text encoder may be as large as the transformer and is needed for seconds: in between it rests in the host's
    memory.
    """

    def __init__(self, backbone: Backbone) -> None:
        self.fingerprint_of = cache(backbone.fingerprint)
        self.open_autoencoder = cache(backbone.autoencoder)
        self.open_denoiser = cache(backbone.denoiser)
        self.open_text_encoder = backbone.text_encoder
        self._encoder: tuple[TextEncoder, torch.device] | None = None

    def fingerprint(self, part: Part) -> str:
        return self.fingerprint_of(part)

    def autoencoder(self) -> Autoencoder:
        return self.open_autoencoder()

    def denoiser(self) -> Denoiser:
        return self.open_denoiser()

    def text_encoder(self) -> TextEncoder:
        """The text encoder on its device, until `rest`."""
        if self._encoder is None:
            opened = self.open_text_encoder()
            self._encoder = opened, opened.input_embedding.weight.device
        encoder, device = self._encoder
        encoder.module.to(device)
        return encoder

    def rest(self) -> None:
        """Let the text encoder leave its device, if it was opened."""
        if self._encoder is None or self._encoder[1].type == "cpu":
            return
        self._encoder[0].module.to("cpu")
        torch.cuda.empty_cache()
