"""Subject consistency by DINO's class token, which follows the things in a picture more than its setting."""

import numpy as np
import torch
from torch import Tensor
from transformers import ViTImageProcessor, ViTModel

from dreamrelation.devices import choose_device
from dreamrelation.metrics.anchored_consistency import CAUTION, anchored_score, info
from dreamrelation.metrics.dino.settings import SubjectConsistencySettings
from dreamrelation.metrics.interface import Score, VideoSample
from dreamrelation.metrics.transformers_model import opened
from dreamrelation.settings.machine import MachineSettings


class SubjectConsistency:
    """Mean cosine of each frame to the first one and to the one before."""

    info = info("subject")

    def __init__(self, settings: SubjectConsistencySettings, machine: MachineSettings) -> None:
        """Raises UserError where transformers finds no such model at `settings.path`."""
        what = f"the metric {settings.kind}"
        self.model, self.processor = opened(
            ViTModel, ViTImageProcessor, settings.path, settings.revision, what, add_pooling_layer=False
        )
        self.device, self.batch_size = choose_device(machine.device), machine.metric_batch
        self.model.to(self.device)
        self.name = settings.path if settings.revision is None else f"{settings.path}@{settings.revision}"

    @property
    def note(self) -> str:
        return f"By DINO {self.name}. {CAUTION}"

    def score(self, video: VideoSample) -> Score:
        """No value for a single frame."""
        return anchored_score(self.frame_features(video.frames), f"DINO {self.name}")

    @torch.inference_mode()
    def frame_features(self, frames: np.ndarray) -> Tensor:
        """Class tokens (F, D), on the CPU, of frames (F, H, W, 3) uint8 RGB."""
        features = []
        for start in range(0, len(frames), self.batch_size):
            images = list(frames[start : start + self.batch_size])
            pixels = self.processor(images=images, return_tensors="pt")["pixel_values"].to(self.device)
            features.append(self.model(pixel_values=pixels).last_hidden_state[:, 0].cpu())
        return torch.cat(features)
