"""OpenAI's CLIP through transformers: features of frames and of texts in one space."""

import hashlib

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from transformers import AutoTokenizer, CLIPImageProcessor, CLIPModel

from dreamrelation.evaluation.measure import JudgedVideo


class Clip:
    """CLIP from a local folder or a hub id, frozen, in float32.

    Frames are resized and cropped to the centre by the model's own processor: at 848 × 480 the sides are not seen.
    Raises FileNotFoundError where transformers finds no model at `path`.
    """

    def __init__(self, path: str, device: torch.device, batch_size: int) -> None:
        try:
            self.model = CLIPModel.from_pretrained(path, dtype=torch.float32).eval().requires_grad_(False)
            self.processor = CLIPImageProcessor.from_pretrained(path)
            self.tokenizer = AutoTokenizer.from_pretrained(path)
        except OSError as error:
            reason = str(error).splitlines()[0]
            raise FileNotFoundError(f"evaluation.clip_path: found no CLIP at {path!r}: {reason}") from None
        self.model.to(device)  # pyright: ignore[reportArgumentType]
        self.device, self.batch_size = device, batch_size
        self.name = f"CLIP {path} {_digest(self.model)}, centre crop"

    @torch.inference_mode()
    def of(self, video: JudgedVideo) -> Tensor:
        """Projected features of all frames, (F, D) of length 1 on the CPU; computed once per video."""
        return video.once(self.name, lambda: self._images(video.frames))

    def _images(self, frames: np.ndarray) -> Tensor:
        features = []
        for start in range(0, len(frames), self.batch_size):
            images = list(frames[start : start + self.batch_size])
            pixels = self.processor(images=images, return_tensors="pt")["pixel_values"].to(self.device)
            pooled = self.model.vision_model(pixel_values=pixels).pooler_output
            features.append(functional.normalize(self.model.visual_projection(pooled), dim=-1).cpu())
        return torch.cat(features)

    @torch.inference_mode()
    def text(self, text: str) -> Tensor:
        """Projected feature of a text, (D,) of length 1 on the CPU; cut to the tokens that CLIP reads."""
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
