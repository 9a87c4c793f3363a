"""VideoMAE's features."""

import numpy as np
import torch
from transformers import VideoMAEImageProcessor, VideoMAEModel

from dreamrelation.devices import choose_device
from dreamrelation.errors import UserError
from dreamrelation.metrics.transformers_model import mean_token, opened, side
from dreamrelation.metrics.video_features.videomae.settings import VideoMAESettings
from dreamrelation.settings.machine import MachineSettings


class VideoMAE:
    """The mean of the last layer's tokens."""

    def __init__(self, settings: VideoMAESettings, machine: MachineSettings) -> None:
        self.model, self.processor = opened(
            VideoMAEModel, VideoMAEImageProcessor, settings.path, settings.revision, f"the features {settings.kind}"
        )
        self.device = choose_device(machine.device)
        self.model.to(self.device)
        self.name = f"VideoMAE {settings.path}, {side(self.processor.size)}, centre crop"

    @torch.inference_mode()
    def of(self, frames: np.ndarray) -> np.ndarray:
        wanted = self.model.config.num_frames
        if len(frames) != wanted:
            raise UserError(f"{self.name}: found {len(frames)} frames, expected {wanted}; set `frames: {wanted}`")
        pixels = self.processor(list(frames), return_tensors="pt")["pixel_values"]
        return mean_token(self.model(pixels.to(self.device)).last_hidden_state)
