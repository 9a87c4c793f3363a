"""SAM (Kirillov et al., 2023), which segments what boxes and points ask for; segment-anything with official weights."""

from dataclasses import dataclass

import numpy as np
import torch
from segment_anything.utils.transforms import ResizeLongestSide
from torch import Tensor
from torch.nn import functional as F

from dreamrelation.devices import choose_device
from dreamrelation.segmentation.checkpoints import load_weights, read_checkpoint
from dreamrelation.segmentation.grounded_sam.architecture import build_sam
from dreamrelation.segmentation.grounded_sam.settings import GroundedSamSettings
from dreamrelation.segmentation.interface import Boxes
from dreamrelation.segmentation.points import Points
from dreamrelation.settings.machine import MachineSettings

SETTING = "masks.segmenter.checkpoint"


@dataclass(frozen=True)
class Prompts:
    """What is asked of one frame, one prompt per subject."""

    boxes: Boxes
    """Two, one per subject."""
    points: Points | None
    """None: boxes alone."""


class SegmentAnything:
    """One mask per prompt.

    On a GPU the image encoder runs under bfloat16 autocast, which keeps its LayerNorms in float32; plain fp16 gives
    garbage with ViT-H. Prompts and decoder are float32: they hold coordinates and cost little.
    """

    def __init__(self, settings: GroundedSamSettings, machine: MachineSettings) -> None:
        """Raises UserError where the checkpoint or its architecture is missing, or they do not fit in whole."""
        self.device = choose_device(machine.device)
        weights = read_checkpoint(SETTING, settings.checkpoint)
        sam = build_sam(settings.architecture)
        load_weights(sam, weights, SETTING, settings.checkpoint)
        self.sam = sam.eval().requires_grad_(False).to(self.device)
        self.resize = ResizeLongestSide(sam.image_encoder.img_size)

    @torch.no_grad()
    def segment(self, frames: np.ndarray, prompts: list[Prompts]) -> tuple[np.ndarray, np.ndarray]:
        """Mask logits (B, 2, H, W) and the predicted IoU (B, 2) of frames (B, H, W, 3) uint8 RGB."""
        size = (frames.shape[1], frames.shape[2])
        images = self._fitted(frames)
        embeddings = self._embedded(images)
        logits, quality = [], []
        for embedding, prompt in zip(embeddings, prompts, strict=True):
            low, iou = self._decoded(embedding[None], prompt, size)
            full = self.sam.postprocess_masks(low, (images.shape[-2], images.shape[-1]), size)
            logits.append(full[:, 0].cpu().numpy())
            quality.append(iou[:, 0].cpu().numpy())
        return np.stack(logits), np.stack(quality)

    def _fitted(self, frames: np.ndarray) -> Tensor:
        """(B, 3, h, w) grey levels, the long side as long as the model wants."""
        images = torch.from_numpy(frames).to(self.device).permute(0, 3, 1, 2).float()
        # not `apply_image_torch`: segment-anything 1.0 takes batch and channels for height and width there
        shape = self.resize.get_preprocess_shape(frames.shape[1], frames.shape[2], self.resize.target_length)
        return F.interpolate(images, shape, mode="bilinear", align_corners=False, antialias=True)

    def _embedded(self, images: Tensor) -> Tensor:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            return self.sam.image_encoder(self.sam.preprocess(images)).float()

    def _decoded(self, embedding: Tensor, prompt: Prompts, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        corners = torch.from_numpy(prompt.boxes.corners).float()
        boxes = self.resize.apply_boxes_torch(corners, size).to(self.device)
        points = None if prompt.points is None else self._resized(prompt.points, size)
        sparse, dense = self.sam.prompt_encoder(points=points, boxes=boxes, masks=None)
        return self.sam.mask_decoder(
            image_embeddings=embedding,
            image_pe=self.sam.prompt_encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=False,
        )

    def _resized(self, points: Points, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        places = self.resize.apply_coords_torch(torch.from_numpy(points.places).float(), size)
        return places.to(self.device), torch.from_numpy(points.labels).to(self.device)
