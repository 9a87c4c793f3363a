"""Training a small SAM on the puppet theatre: boxes and joints of two figures in, their visible pixels out."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import torch
from segment_anything.modeling import Sam
from torch import Tensor
from torch.nn import functional
from torchvision.ops import sigmoid_focal_loss

from dreamrelation.puppets.models.degrade import recolour
from dreamrelation.puppets.models.figure_pictures import FigurePictures, box_of
from dreamrelation.puppets.models.pixels import as_video
from dreamrelation.puppets.models.training_loop import TrainingState, train_model
from dreamrelation.schedules import warmup_cosine

FIGURES = 2
SUBJECT_JOINTS = 25


@dataclass(frozen=True)
class SamTraining:
    """Settings of the small SAM's training."""

    seed: int = 0
    clips: int = 2500
    """Four pictures are taken of each."""
    held_out_clips: int = 120
    steps: int = 5000
    embraces: int = 500
    """Further clips in which the two hug: there it is hardest to say whose a pixel is."""
    embraces_from: int = 3250
    """The step from which `embraces_share` of the pictures are of these."""
    embraces_share: float = 0.5
    batch: int = 8
    learning_rate: float = 1e-3
    warmup_steps: int = 200
    weight_decay: float = 0.01
    box_jitter: float = 0.05
    """Standard deviation of a box's edges, as a share of its sides: a detector's boxes are never right."""
    points_share: float = 0.5
    """How often joints are given beside the box."""
    point_joints: int = 11
    joint_jitter: float = 1.5
    """Pixels: a sensor's joints are never right either."""
    apart_share: float = 0.08
    """A joint this near to one of the other's, over the box's height, is no point."""
    focal_weight: float = 10.0
    """Weight of the focal loss beside the Dice loss; SAM's authors have twenty."""


@dataclass(frozen=True)
class Question:
    """What is asked of one picture, of K figures."""

    picture: Tensor
    """(3, H, W) grey levels 0–255."""
    boxes: Tensor
    """(K, 4) x0, y0, x1, y1."""
    points: tuple[Tensor, Tensor] | None
    """Places (K, N, 2) and labels (K, N): 1 inside, 0 outside, −1 none."""
    masks: Tensor
    """(K, H, W) in {0, 1}, the right answer."""


def draw_question(pictures: FigurePictures, n: int, settings: SamTraining, rng: np.random.Generator) -> Question:
    """The `n`-th picture, mirrored half of the time and in other colours, with prompts that are a little wrong."""
    masks, joints, width = pictures.masks(n), pictures.joints[n], pictures.frames.shape[2]
    frame = pictures.frames[n]
    if rng.integers(2):
        frame, masks = frame[:, ::-1], masks[..., ::-1]
        joints = np.stack([width - 1 - joints[..., 0], joints[..., 1]], axis=-1)
    video = recolour(as_video(np.ascontiguousarray(frame)[None]), rng)
    picture = (video[:, 0].clamp(-1, 1) + 1) * 127.5
    boxes = [box_of(mask) for mask in masks]
    seen = [figure for figure, box in enumerate(boxes) if box is not None]
    corners = np.stack([cast(np.ndarray, boxes[figure]) for figure in seen])
    points = _points(joints, corners, seen, settings, rng) if rng.uniform() < settings.points_share else None
    right = torch.from_numpy(masks[seen].astype(np.float32))
    return Question(picture, torch.from_numpy(_jittered(corners, frame.shape, settings, rng)), points, right)


def _jittered(
    corners: np.ndarray, shape: tuple[int, ...], settings: SamTraining, rng: np.random.Generator
) -> np.ndarray:
    sides = np.tile(corners[:, 2:] - corners[:, :2], (1, 2))
    moved = corners + settings.box_jitter * sides * rng.standard_normal(corners.shape)
    return np.clip(moved, 0, [shape[1], shape[0]] * 2).astype(np.float32)


def _points(
    joints: np.ndarray, corners: np.ndarray, seen: list[int], settings: SamTraining, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Some joints of each figure as points inside, and the other's as points outside."""
    noisy = joints + settings.joint_jitter * rng.standard_normal(joints.shape)
    near = settings.apart_share * float((corners[:, 3] - corners[:, 1]).max())
    distance = np.linalg.norm(joints[0][:, None] - joints[1][None], axis=-1)
    apart = np.stack([distance.min(axis=1) > near, distance.min(axis=0) > near])
    chosen = rng.permutation(SUBJECT_JOINTS)[: settings.point_joints]
    places, labels = [], []
    for figure in seen:
        other = 1 - figure
        places.append(np.concatenate([noisy[figure, chosen], noisy[other, chosen]]))
        inside, outside = np.where(apart[figure, chosen], 1, -1), np.where(apart[other, chosen], 0, -1)
        labels.append(np.concatenate([inside, outside]))
    return torch.from_numpy(np.stack(places)).float(), torch.from_numpy(np.stack(labels))


def answers(sam: Sam, questions: list[Question]) -> list[tuple[Tensor, Tensor]]:
    """Of each question mask logits (K, H, W) and the predicted IoU (K,), with gradients."""
    pictures = torch.stack([question.picture for question in questions])
    size = (pictures.shape[-2], pictures.shape[-1])
    embeddings = sam.image_encoder(sam.preprocess(pictures))
    said = []
    for embedding, question in zip(embeddings, questions, strict=True):
        sparse, dense = sam.prompt_encoder(points=question.points, boxes=question.boxes, masks=None)
        low, quality = sam.mask_decoder(
            image_embeddings=embedding[None],
            image_pe=sam.prompt_encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=False,
        )
        said.append((sam.postprocess_masks(low, size, size)[:, 0], quality[:, 0]))
    return said


def iou_of(logits: Tensor, masks: Tensor) -> Tensor:
    """(K,) intersection over union of logits (K, H, W) above zero and masks (K, H, W)."""
    found, right = logits > 0, masks > 0.5
    union = (found | right).sum(dim=(-1, -2)).clamp_min(1)
    return (found & right).sum(dim=(-1, -2)) / union


def answer_loss(logits: Tensor, quality: Tensor, masks: Tensor, focal_weight: float) -> Tensor:
    """Focal, Dice and IoU-prediction losses of one picture's K figures, as SAM's authors have them."""
    focal = sigmoid_focal_loss(logits, masks, reduction="mean")
    likely = logits.sigmoid()
    overlap = (likely * masks).sum(dim=(-1, -2))
    dice = 1 - (2 * overlap + 1) / (likely.sum(dim=(-1, -2)) + masks.sum(dim=(-1, -2)) + 1)
    return focal_weight * focal + dice.mean() + functional.mse_loss(quality, iou_of(logits, masks).float())


def step_loss(sam: Sam, pictures: FigurePictures, embraces: FigurePictures, settings: SamTraining, step: int) -> Tensor:
    """The loss of one training step, whose pictures and prompts depend on (seed, step) alone."""
    rng = np.random.default_rng([settings.seed, 22, step])
    close = round(settings.embraces_share * settings.batch) if step >= settings.embraces_from else 0
    questions = [
        draw_question(drawn_from, int(n), settings, rng)
        for drawn_from, count in ((pictures, settings.batch - close), (embraces, close))
        for n in rng.integers(len(drawn_from), size=count)
    ]
    losses = [
        answer_loss(*answer, question.masks, settings.focal_weight)
        for answer, question in zip(answers(sam, questions), questions, strict=True)
    ]
    return torch.stack(losses).mean()


def train_sam(
    sam: Sam,
    pictures: FigurePictures,
    embraces: FigurePictures,
    settings: SamTraining,
    state: TrainingState | None,
    save: Callable[[TrainingState], None],
    save_every: int = 250,
) -> TrainingState:
    """Train in place, or go on from `state`; `save` is called every `save_every` steps."""
    sam.train()
    state = train_model(
        sam,
        torch.optim.AdamW(sam.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay),
        lambda step: settings.learning_rate * warmup_cosine(step, settings.steps, settings.warmup_steps, floor=0.01),
        lambda step: step_loss(sam, pictures, embraces, settings, step),
        settings.steps,
        state,
        save,
        save_every,
    )
    sam.eval()
    return state


@torch.no_grad()
def held_out_iou(sam: Sam, pictures: FigurePictures, settings: SamTraining) -> dict[str, Any]:
    """Median and lowest-decile IoU on pictures of a world that was not trained on, with boxes alone and with joints."""
    report: dict[str, Any] = {}
    for name, share in (("boxes", 0.0), ("boxes_and_joints", 1.0)):
        rng = np.random.default_rng([settings.seed, 23])
        asked = replace(settings, points_share=share)
        scores = []
        for n in range(len(pictures)):
            question = draw_question(pictures, n, asked, rng)
            ((logits, _),) = answers(sam, [question])
            scores += iou_of(logits, question.masks).tolist()
        report[name] = {
            "median": round(float(np.median(scores)), 3),
            "tenth": round(float(np.quantile(scores, 0.1)), 3),
        }
    return report
