"""I3D's logits, from a TorchScript file.

Two kinds of such files are about. One resizes and scales by itself when told so (arguments `rescale`, `resize` and
`return_features`); the other one wants (B, 3, F, 224, 224) in [-1, 1]. Which one it is, its signature says.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from dreamrelation.devices import choose_device
from dreamrelation.errors import UserError
from dreamrelation.files import file_sha256
from dreamrelation.metrics.video_features.i3d.settings import I3DSettings
from dreamrelation.settings.machine import MachineSettings

OPTIONS = {"rescale": False, "resize": False, "return_features": True}
"""We resize and scale ourselves, so that both kinds of files see the same."""


class I3D:
    """400 numbers of a video."""

    def __init__(self, settings: I3DSettings, machine: MachineSettings) -> None:
        """Raises UserError where the file is missing, another one than the settings say, or no TorchScript."""
        path = Path(settings.path)
        if not path.is_file():
            raise UserError(f"{path}: no such file, expected I3D as TorchScript; docs/stages.md says whence it comes")
        found = file_sha256(path)
        if found != settings.sha256:
            raise UserError(f"{path}: found a file with the SHA-256 {found}, expected {settings.sha256}")
        try:
            self.model = torch.jit.load(str(path), map_location="cpu").eval()
        except RuntimeError as error:
            raise UserError(f"{path}: not a TorchScript file: {str(error).splitlines()[0]}") from None
        self.device, self.size = choose_device(machine.device), settings.size
        self.model.to(self.device)
        known = {argument.name for argument in self.model.forward.schema.arguments}
        self.options = {name: value for name, value in OPTIONS.items() if name in known}
        self.name = f"I3D {found[:12]}, {self.size} × {self.size} bilinear"

    @torch.inference_mode()
    def of(self, frames: np.ndarray) -> np.ndarray:
        video = scaled(frames, self.size).to(self.device)
        found = self.model(video, **self.options)
        return found.reshape(-1).to(torch.float64).cpu().numpy()


def scaled(frames: np.ndarray, size: int) -> Tensor:
    """(F, H, W, 3) uint8 → (1, 3, F, size, size) in [-1, 1], bilinear as FVD's reference does it, without smoothing."""
    video = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).to(torch.float32)
    resized = functional.interpolate(video, size=(size, size), mode="bilinear", align_corners=False)
    return (resized / 127.5 - 1).transpose(0, 1)[None]
