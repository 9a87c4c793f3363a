"""V-JEPA 2's features."""

import numpy as np
import torch
from transformers import VJEPA2Model, VJEPA2VideoProcessor

from dreamrelation.devices import choose_device
from dreamrelation.errors import UserError
from dreamrelation.metrics.transformers_model import mean_token, opened, side
from dreamrelation.metrics.video_features.vjepa2.settings import VJEPA2Settings
from dreamrelation.settings.machine import MachineSettings


class VJEPA2:
    """The mean of the encoder's tokens."""

    def __init__(self, settings: VJEPA2Settings, machine: MachineSettings) -> None:
        self.model, self.processor = opened(
            VJEPA2Model, VJEPA2VideoProcessor, settings.path, settings.revision, f"the features {settings.kind}"
        )
        self.device = choose_device(machine.device)
        self.model.to(self.device)
        self.name = f"V-JEPA 2 {settings.path}, {side(self.processor.crop_size)}, centre crop"

    @torch.inference_mode()
    def of(self, frames: np.ndarray) -> np.ndarray:
        tubelet = self.model.config.tubelet_size
        if len(frames) % tubelet:
            raise UserError(f"{self.name}: found {len(frames)} frames, expected a multiple of {tubelet}")
        video = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2)
        pixels = self.processor(video, return_tensors="pt")["pixel_values_videos"]
        return mean_token(self.model.get_vision_features(pixels.to(self.device)))
