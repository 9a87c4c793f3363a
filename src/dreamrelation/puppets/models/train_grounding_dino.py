"""Training a small Grounding DINO on the puppet theatre: pictures and names of figures in, boxes out.

The package has the model and no training. The losses are transformers' ones of the same model: of every decoder layer
and of the encoder's own proposals, which the package computes and does not give away.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import box_convert, box_iou
from transformers.loss.loss_grounding_dino import GroundingDinoForObjectDetectionLoss

from dreamrelation.puppets.models.degrade import recolour
from dreamrelation.puppets.models.figure_pictures import FigurePictures, box_of
from dreamrelation.puppets.models.pixels import as_video
from dreamrelation.puppets.models.training_loop import TrainingState, train_model
from dreamrelation.puppets.theatre.figures import KINDS
from dreamrelation.schedules import warmup_cosine

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the pictures that Grounding DINO's authors trained with; the package's inference normalises by them."""
LOSS_WEIGHTS = SimpleNamespace(
    class_cost=1.0, bbox_cost=5.0, giou_cost=2.0, focal_alpha=0.25, bbox_loss_coefficient=5.0,
    giou_loss_coefficient=2.0, auxiliary_loss=True, two_stage=True,
)  # fmt: skip
"""As the authors have them."""
LEAST_IOU = 0.5
"""A box that overlaps a figure's less is a box of nobody."""


@dataclass(frozen=True)
class GroundingDinoTraining:
    """Settings of the small Grounding DINO's training."""

    seed: int = 0
    clips: int = 2500
    """Four pictures are taken of each."""
    held_out_clips: int = 120
    steps: int = 6000
    batch: int = 16
    height: int = 96
    width: int = 144
    learning_rate: float = 5e-4
    warmup_steps: int = 200
    weight_decay: float = 1e-4
    least_share: float = 0.0015
    """A figure of which less than this share of the picture is seen is not asked for."""
    most_words: int = 3
    """Kinds that a prompt may name."""
    present_share: float = 0.85
    """How often a named kind is drawn from those in the picture, and not from all."""
    box_threshold: float = 0.35
    """A box counts in the report if its score is above this."""


@dataclass(frozen=True)
class DetectionBatch:
    """Pictures, what is asked about them, and where it is."""

    images: Tensor
    """(B, 3, h, w), normalised."""
    prompts: list[str]
    """Words, each ended by a dot."""
    words: list[list[str]]
    labels: list[dict[str, Tensor]]
    """Per picture `class_labels`, places in its words, and `boxes`, centre and size as shares of the picture."""


def draw_batch(pictures: FigurePictures, settings: GroundingDinoTraining, rng: np.random.Generator) -> DetectionBatch:
    """Pictures, half of them mirrored, in other colours, with prompts that name who is there and who is not."""
    images, words, labels = [], [], []
    for n in rng.integers(len(pictures), size=settings.batch).tolist():
        frame, masks = pictures.frames[n], pictures.masks(n)
        if rng.integers(2):
            frame, masks = frame[:, ::-1], masks[..., ::-1]
        video = recolour(as_video(np.ascontiguousarray(frame)[None]), rng)
        images.append((video[:, 0].clamp(-1, 1) + 1) / 2)
        own = [tuple(KINDS)[kind] for kind in pictures.kinds[n]]
        words.append(_named(own, settings, rng))
        labels.append(_labels(own, masks, words[-1], settings.least_share))
    return DetectionBatch(normalised(torch.stack(images), settings), [prompt_of(w) for w in words], words, labels)


def prompt_of(words: list[str]) -> str:
    """`["dog", "cat"]` → `dog. cat.`"""
    return " ".join(f"{word}." for word in words)


def normalised(images: Tensor, settings: GroundingDinoTraining) -> Tensor:
    """Images (B, 3, H, W) in [0, 1] at the training's size, as the package's inference prepares them."""
    size = settings.height, settings.width
    small = functional.interpolate(images, size, mode="bilinear", align_corners=False, antialias=True).clamp(0, 1)
    mean, std = (small.new_tensor(values)[:, None, None] for values in (MEAN, STD))
    return (small - mean) / std


def _named(own: list[str], settings: GroundingDinoTraining, rng: np.random.Generator) -> list[str]:
    count = int(rng.integers(1, settings.most_words + 1))
    drawn = [str(rng.choice(own if rng.uniform() < settings.present_share else list(KINDS))) for _ in range(count)]
    return list(dict.fromkeys(drawn))


def _labels(own: list[str], masks: np.ndarray, words: list[str], least_share: float) -> dict[str, Tensor]:
    height, width = masks.shape[-2:]
    classes, boxes = [], []
    for kind, mask in zip(own, masks, strict=True):
        if kind in words and mask.mean() >= least_share:
            classes.append(words.index(kind))
            boxes.append(box_of(mask))
    shares = np.array(boxes, np.float32).reshape(-1, 4) / np.array([width, height, width, height], np.float32)
    corners = torch.from_numpy(shares)
    return {
        "class_labels": torch.tensor(classes, dtype=torch.int64),
        "boxes": box_convert(corners, "xyxy", "cxcywh"),
    }


class _Proposals:
    """What the package's transformer gives between its layers; it is put aside as it passes."""

    def __init__(self, detector: nn.Module) -> None:
        self.model: Any = detector
        self.hook = self.model.transformer.register_forward_hook(self._put_aside)

    def _put_aside(self, module: nn.Module, given: tuple, answer: tuple) -> None:
        self.text = given[-1]
        self.states, self.references, self.encoder_states, self.encoder_boxes, _ = answer

    def by_layer(self) -> tuple[Tensor, Tensor]:
        """Logits (layers, B, Q, L) and boxes (layers, B, Q, 4) of every decoder layer."""
        layers = zip(self.states, self.references, self.model.class_embed, self.model.bbox_embed, strict=False)
        logits, boxes = [], []
        for states, reference, classes, moves in layers:
            logits.append(classes(states, self.text))
            boxes.append((moves(states) + torch.logit(reference, eps=1e-3)).sigmoid())
        return torch.stack(logits), torch.stack(boxes)

    def of_encoder(self) -> tuple[Tensor, Tensor]:
        """Logits (B, Q, L) and boxes (B, Q, 4) that the decoder starts from."""
        return self.model.transformer.enc_out_class_embed(self.encoder_states[-1], self.text), self.encoder_boxes[-1]

    def close(self) -> None:
        self.hook.remove()


def token_maps(tokenizer: Any, words: list[str], prompt: str, length: int) -> Tensor:
    """(words, length) in {0, 1}: the tokens of a prompt that each word has."""
    encoded = tokenizer(prompt, return_offsets_mapping=True)
    maps = torch.zeros(len(words), length)
    start = 0
    for row, word in enumerate(words):
        start = prompt.index(word, start)
        for token, (begin, end) in enumerate(encoded["offset_mapping"]):
            if begin < end and start <= begin and end <= start + len(word):
                maps[row, token] = 1
        start += len(word)
    return maps


def detection_loss(detector: nn.Module, proposals: _Proposals, batch: DetectionBatch) -> Tensor:
    """Focal, box and overlap losses of all decoder layers and of the encoder's proposals."""
    model: Any = detector
    model(batch.images, captions=batch.prompts)
    logits, boxes = proposals.by_layer()
    encoder_logits, encoder_boxes = proposals.of_encoder()
    length = logits.shape[-1]
    mask = functional.pad(proposals.text["text_token_mask"], (0, length - proposals.text["text_token_mask"].shape[1]))
    maps = [token_maps(model.tokenizer, *pair, length) for pair in zip(batch.words, batch.prompts, strict=True)]
    config = SimpleNamespace(**vars(LOSS_WEIGHTS), decoder_layers=len(logits))
    loss: Any = GroundingDinoForObjectDetectionLoss(
        logits[-1], batch.labels, logits.device, boxes[-1], config, maps, mask[:, None].expand_as(logits[-1]),
        logits, boxes, encoder_logits, encoder_boxes,
    )[0]  # fmt: skip
    return loss


def train_grounding_dino(
    detector: nn.Module,
    pictures: FigurePictures,
    settings: GroundingDinoTraining,
    state: TrainingState | None,
    save: Callable[[TrainingState], None],
    save_every: int = 250,
) -> TrainingState:
    """Train in place, or go on from `state`; `save` is called every `save_every` steps."""
    proposals = _Proposals(detector)

    def loss(step: int) -> Tensor:
        batch = draw_batch(pictures, settings, np.random.default_rng([settings.seed, 24, step]))
        return detection_loss(detector, proposals, batch)

    detector.train()
    state = train_model(
        detector,
        torch.optim.AdamW(detector.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay),
        lambda step: settings.learning_rate * warmup_cosine(step, settings.steps, settings.warmup_steps, floor=0.01),
        loss,
        settings.steps,
        state,
        save,
        save_every,
    )
    proposals.close()
    detector.eval()
    return state


@torch.no_grad()
def held_out_boxes(
    detector: nn.Module, pictures: FigurePictures, settings: GroundingDinoTraining
) -> dict[str, float | None]:
    """How the boxes of one kind's name are, in pictures of a world that was not trained on.

    `found`: share of figures with a box of IoU above LEAST_IOU; `median_iou` of these; `false`: boxes of nobody.
    """
    model: Any = detector
    ious, figures, boxes, false = [], 0, 0, 0
    for n in range(len(pictures)):
        own = [tuple(KINDS)[kind] for kind in pictures.kinds[n]]
        image = torch.from_numpy(pictures.frames[n]).permute(2, 0, 1)[None].float() / 255
        label = _labels(own, pictures.masks(n), [own[0]], settings.least_share)
        said = model(normalised(image, settings), captions=[prompt_of([own[0]])])
        keep = said["pred_logits"][0].sigmoid().max(dim=-1).values > settings.box_threshold
        corners, right = (box_convert(b, "cxcywh", "xyxy") for b in (said["pred_boxes"][0][keep], label["boxes"]))
        overlaps = box_iou(right, corners)
        figures, boxes = figures + len(right), boxes + len(corners)
        if len(corners):
            ious += [float(best) for best in overlaps.amax(dim=1) if best > LEAST_IOU]
            false += int((overlaps.amax(dim=0) <= LEAST_IOU).sum()) if len(right) else len(corners)
    return {
        "found": round(len(ious) / figures, 4),
        "median_iou": round(float(np.median(ious)), 4) if ious else None,
        "false": round(false / max(boxes, 1), 4),
    }
