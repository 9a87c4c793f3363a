"""OpenAI's CLIP through transformers: features of frames and of texts in one space."""

import hashlib

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from transformers import AutoTokenizer, CLIPImageProcessor, CLIPModel

from dreamrelation.devices import choose_device
from dreamrelation.errors import UserError
from dreamrelation.local_models import UNUSABLE
from dreamrelation.metrics.clip.settings import ClipSettings
from dreamrelation.settings.machine import MachineSettings


class Clip:
    """CLIP from a local folder or a hub id, frozen, in float32.

    Frames are resized and cropped to the centre by the model's own processor: at 848 × 480 the sides are not seen.
    Raises UserError where transformers finds no model at `settings.path`.
    """

    def __init__(self, settings: ClipSettings, machine: MachineSettings) -> None:
        path = settings.path
        try:
            self.model = CLIPModel.from_pretrained(path, dtype=torch.float32).eval().requires_grad_(False)
            self.processor = CLIPImageProcessor.from_pretrained(path)
            self.tokenizer = AutoTokenizer.from_pretrained(path, trust_remote_code=False)
        except UNUSABLE as error:
            reason = str(error).splitlines()[0]
            raise UserError(f"the metric {settings.kind}: path: found no CLIP at {path!r}: {reason}") from None
        self.device, self.batch_size = choose_device(machine.device), machine.metric_batch
        self.model.to(self.device)  # pyright: ignore[reportArgumentType]
        self.name = f"CLIP {path} {_digest(self.model)}, centre crop"

    @torch.inference_mode()
    def frame_features(self, frames: np.ndarray) -> Tensor:
        """Projected features (F, D) of length 1, on the CPU, of frames (F, H, W, 3) uint8 RGB."""
        features = []
        for start in range(0, len(frames), self.batch_size):
            images = list(frames[start : start + self.batch_size])
            pixels = self.processor(images=images, return_tensors="pt")["pixel_values"].to(self.device)
            pooled = self.model.vision_model(pixel_values=pixels).pooler_output
            features.append(functional.normalize(self.model.visual_projection(pooled), dim=-1).cpu())
        return torch.cat(features)

    @torch.inference_mode()
    def text_features(self, text: str) -> Tensor:
        """Projected features (D,) of length 1, on the CPU, of a text; cut to the tokens that CLIP reads."""
        limit = self.model.text_model.embeddings.position_embedding.num_embeddings
        tokens = self.tokenizer(text, truncation=True, max_length=limit, return_tensors="pt").to(self.device)
        pooled = self.model.text_model(tokens["input_ids"], attention_mask=tokens["attention_mask"]).pooler_output
        return functional.normalize(self.model.text_projection(pooled)[0], dim=-1).cpu()


def _digest(model: torch.nn.Module) -> str:
    """First digits of the SHA-256 over all weights, so that a number names the model that it came from."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:12]
