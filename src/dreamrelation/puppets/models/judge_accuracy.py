"""How good a judge is on clips that it has not seen: accuracies, confusion matrices, calibration."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor, nn

from dreamrelation.puppets.models.judge_clips import JUDGED_KINDS, JUDGED_MOTIONS, ClipPool
from dreamrelation.puppets.models.pixels import as_video
from dreamrelation.puppets.models.spoilt_clips import SPOILS

ASKED_TOGETHER = 32
CALIBRATION_BINS = 10


@dataclass(frozen=True)
class Judged:
    """What a judge says of N clips."""

    motion_logits: Tensor
    """(N, motions)."""
    kinds: np.ndarray
    """(N, 2) int64, the likeliest kinds, left and right."""

    @property
    def motions(self) -> np.ndarray:
        """(N,) int64, the likeliest motions."""
        return self.motion_logits.argmax(dim=1).numpy()


@torch.no_grad()
def judged(model: nn.Module, pool: ClipPool) -> Judged:
    """Ask a judge about all clips of a pool."""
    model.eval()
    motions, kinds = [], []
    for at in range(0, len(pool), ASKED_TOGETHER):
        said = model(as_video(pool.frames[at : at + ASKED_TOGETHER]))
        motions.append(said.motion)
        kinds.append(said.kinds.argmax(dim=-1))
    return Judged(torch.cat(motions), torch.cat(kinds).numpy())


def confusion(truth: np.ndarray, said: np.ndarray, classes: int) -> list[list[int]]:
    """Counts, a row for each true class and a column for each answer."""
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (truth, said), 1)
    return counts.tolist()


def calibration_error(logits: Tensor, truth: np.ndarray) -> float:
    """Expected calibration error of the likeliest class in ten bins: |how sure − how often right|, averaged."""
    sure, said = logits.double().softmax(dim=1).max(dim=1)
    sure, right = sure.numpy(), said.numpy() == truth
    bins = np.minimum((sure * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = [abs(sure[bins == b].sum() - right[bins == b].sum()) for b in range(CALIBRATION_BINS)]
    return float(sum(gaps) / len(truth))


def fitted_temperature(logits: Tensor, truth: Tensor) -> float:
    """The number by which logits (N, classes) must be divided for the true classes (N,) to be likeliest."""

    def cost(log_temperature: float) -> float:
        return float(nn.functional.cross_entropy(logits.double() / np.exp(log_temperature), truth))

    found: Any = minimize_scalar(cost, bounds=(-3.0, 3.0), method="bounded")
    return float(np.exp(found.x))


def report_of(said: Judged, pool: ClipPool) -> dict[str, Any]:
    """Shares of right answers, JSON-able.

    `motion`: of the clips that show one; `any`: of all clips, where `none` is the right answer for the spoilt ones;
    `figure`: of all figures; `per_motion`, `per_spoil`: of each class. Confusion matrices have a row for each truth.
    """
    right = said.motions == pool.motions
    whole = np.array([spoil is None for spoil in pool.spoils])
    of_motion = {name: right[pool.motions == n] for n, name in enumerate(JUDGED_MOTIONS)}
    spoilt = {name: [bool(r) for r, of in zip(right, pool.spoils, strict=True) if of == name] for name in SPOILS}
    return {
        "motion": float(right[whole].mean()),
        "any": float(right.mean()),
        "figure": float((said.kinds == pool.kinds).mean()),
        "per_motion": {name: float(answers.mean()) for name, answers in of_motion.items() if len(answers)},
        "per_spoil": {name: float(np.mean(answers)) for name, answers in spoilt.items() if answers},
        "calibration_error": calibration_error(said.motion_logits, pool.motions),
        "motion_confusion": confusion(pool.motions, said.motions, len(JUDGED_MOTIONS)),
        "kind_confusion": confusion(pool.kinds.flatten(), said.kinds.flatten(), len(JUDGED_KINDS)),
        "clips": len(pool),
    }
