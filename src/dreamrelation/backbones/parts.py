"""A backbone that is three classes, each opened from the settings of model and machine."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from dreamrelation.backbones.interface import Autoencoder, Denoiser, TextEncoder
from dreamrelation.backbones.weights import part_fingerprint
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import Part


@dataclass(frozen=True)
class Parts:
    """Classes that are called with the settings of the model, and of the machine."""

    autoencoder: Callable[[Any, MachineSettings], Autoencoder]
    text_encoder: Callable[[Any, MachineSettings], TextEncoder]
    denoiser: Callable[[Any, MachineSettings], Denoiser]


class BackboneOfParts:
    """Opens a part each time it is asked for. See `interface.Backbone`."""

    parts: ClassVar[Parts]

    def __init__(self, settings: Any, machine: MachineSettings) -> None:
        """`settings`: the model's, of the kind that the parts know."""
        self.settings, self.machine = settings, machine

    def fingerprint(self, part: Part) -> str:
        return part_fingerprint(self.settings, part)

    def autoencoder(self) -> Autoencoder:
        return self.parts.autoencoder(self.settings, self.machine)

    def text_encoder(self) -> TextEncoder:
        return self.parts.text_encoder(self.settings, self.machine)

    def denoiser(self) -> Denoiser:
        return self.parts.denoiser(self.settings, self.machine)
