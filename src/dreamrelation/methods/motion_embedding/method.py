"""Motion embeddings, after MotionInversion (Wang et al., 2024, arXiv 2403.20193)."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss, pad

from dreamrelation.backbones.interface import visual_projections
from dreamrelation.errors import UserError
from dreamrelation.methods.contrastive import ContrastiveMethod, ContrastiveTerm
from dreamrelation.methods.interface import OpenModel, PredictedStep, StepLoss
from dreamrelation.methods.motion_embedding.embedding import (
    BlockEmbedding,
    differenced,
    per_token,
    per_token_of_frames,
    retimed,
    value_grid,
)
from dreamrelation.methods.motion_embedding.settings import MotionEmbeddingSettings
from dreamrelation.methods.storage import check_shape, load_tensors, save_tensors
from dreamrelation.processes import own_part
from dreamrelation.roles import Role

FILE = "motion.safetensors"


class MotionEmbedding(ContrastiveMethod):
    """Implements `TrainedMethod`. Query and key of a visual token F see F + m_qk, its value sees F + m_v.

    F is the modulated stream that enters the block's attention. Tokens of text are left alone; both branches of
    guidance see the embedding.
    """

    def __init__(self, settings: MotionEmbeddingSettings) -> None:
        self.settings = settings
        self.contrast = ContrastiveTerm(settings.contrastive)

    def attach(self, model: OpenModel, grid: tuple[int, int, int], seed: int) -> None:
        self.model, denoiser = model, model.denoiser
        frames, height, width = grid
        patch = denoiser.spec.patch
        tokens = (height // patch, width // patch)
        places = value_grid(tokens, self.settings.grid_reduction)
        layers = {name: visual_projections(denoiser, name) for name in ("query", "key", "value")}
        self.blocks = {
            number: BlockEmbedding(frames, places, layers["query"][number].in_features, denoiser.device)
            for number in self._chosen(len(layers["query"]))
        }
        adding = _ADDING[denoiser.spec.text_place]
        for number, block in self.blocks.items():
            of_frames = adding(lambda block=block: per_token_of_frames(block.query_key, tokens))
            layers["query"][number].register_forward_pre_hook(of_frames)
            layers["key"][number].register_forward_pre_hook(of_frames)
            layers["value"][number].register_forward_pre_hook(
                adding(lambda block=block: per_token(block.value, tokens))
            )

    def _chosen(self, count: int) -> tuple[int, ...]:
        """Numbers of the blocks with embeddings. Raises UserError for one that the model does not have."""
        chosen = tuple(range(count)) if self.settings.blocks is None else self.settings.blocks
        if max(chosen) >= count:
            raise UserError(
                f"blocks of a motion_embedding names {max(chosen)}, expected 0 to {count - 1} for this model"
            )
        return chosen

    def parameters(self) -> dict[str, nn.Parameter]:
        return {f"blocks.{n}.{name}": p for n, block in self.blocks.items() for name, p in block.named_parameters()}

    def activate(self, role: Role | None) -> dict[str, nn.Parameter]:
        parameters = self.parameters()
        for parameter in parameters.values():
            parameter.grad = None
        return parameters

    def loss(self, step: PredictedStep) -> StepLoss:
        total = mse_loss(step.predicted, step.target)
        return self.contrast.added(StepLoss(total, {"reconstruction": total}), step)

    def save(self, folder: Path, facts: dict[str, Any]) -> None:
        save_tensors(folder / FILE, self.parameters(), facts)

    def load(self, model: OpenModel, grid: tuple[int, int, int], folder: Path) -> list[Path]:
        """As learned, but for the values' embedding, which is differenced in time so as to leave appearance behind."""
        self.attach(model, grid, seed=0)
        path, parameters = folder / FILE, self.parameters()
        stored = load_tensors(path, set(parameters))
        for name, parameter in parameters.items():
            check_shape(path, name, stored[name], (0, *parameter.shape[1:]))
            fitted = retimed(stored[name], grid[0])
            with torch.no_grad():
                parameter.copy_(differenced(fitted) if name.endswith(".value") else fitted)
            parameter.requires_grad_(False)
        learned = len(next(iter(stored.values())))
        if learned != grid[0]:
            print(f"{path}: learned on {learned} latent frames, resampled to the video's {grid[0]}", file=sys.stderr)
        return [path]


Hook = Callable[[nn.Module, tuple[Tensor]], tuple[Tensor]]


def _adding(embedding: Callable[[], Tensor]) -> Hook:
    """A hook that adds an embedding (N, D) to the tokens (B, N, D) that enter a layer."""

    def hook(module: nn.Module, args: tuple[Tensor]) -> tuple[Tensor]:
        (tokens,) = args
        added = embedding().to(tokens)
        if len(added) > tokens.shape[1]:  # processes divide a video's tokens among them
            added = own_part(added)
        return (tokens + added,)

    return hook


def _adding_after_text(embedding: Callable[[], Tensor]) -> Hook:
    """The same for tokens (B, L + N, D) of which the first L are the text's, which stay as they are."""

    def hook(module: nn.Module, args: tuple[Tensor]) -> tuple[Tensor]:
        (tokens,) = args
        added = embedding().to(tokens)
        return (tokens + pad(added, (0, 0, tokens.shape[1] - len(added), 0)),)

    return hook


def _adding_before_text(embedding: Callable[[], Tensor]) -> Hook:
    """The same for tokens (B, N + L, D) of which the last L, in some blocks none, are the text's."""

    def hook(module: nn.Module, args: tuple[Tensor]) -> tuple[Tensor]:
        (tokens,) = args
        added = embedding().to(tokens)
        return (tokens + pad(added, (0, 0, 0, tokens.shape[1] - len(added))),)

    return hook


_ADDING = {"apart": _adding, "before": _adding_after_text, "after": _adding_before_text}
