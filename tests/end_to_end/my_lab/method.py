"""A method with what is hard to fit in: it trains through the text encoder, words prompts in its own way, draws its own
noise levels, and adds a tensor to every block, which it differences in time for generation.
"""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from dreamrelation.backbones.interface import TextEmbeddings
from dreamrelation.methods.interface import OpenModel, PlainMethod, PredictedStep, StepLoss
from dreamrelation.relations import Relation
from dreamrelation.roles import Role
from dreamrelation.settings.methods import TrainedMethodSettings
from dreamrelation.settings.prompts import Prompt

WORD = "hugging"
"""Whose input embedding the method takes and trains, wherever it stands in a text."""
FILE = "token_and_motion.safetensors"


class TokenAndMotion(PlainMethod):
    """Implements `TrainedMethod`."""

    class Settings(TrainedMethodSettings):
        """A token and a motion embedding."""

        start: float = 0.0
        """Value of every number of the motion embedding before the training."""

    def __init__(self, settings: TrainedMethodSettings) -> None:
        assert isinstance(settings, TokenAndMotion.Settings)
        self.settings = settings
        self.differenced = False

    def attach(self, model: OpenModel, grid: tuple[int, int, int], seed: int) -> None:
        self.model, self.grid = model, grid
        encoder = model.text_encoder
        (token_id,) = encoder.word_ids(WORD)
        self.token = nn.Parameter(encoder.input_embedding.weight[token_id].detach().clone())
        transformer: Any = model.denoiser.module
        width = transformer.config.num_attention_heads * transformer.config.attention_head_dim
        blocks = transformer.transformer_blocks
        self.motion = nn.Parameter(torch.full((len(blocks), grid[0], width), self.settings.start))
        for number, block in enumerate(blocks):
            block.register_forward_pre_hook(self._adding(number), with_kwargs=True)

    def _adding(self, number: int) -> Any:
        def add(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
            own = self.motion[number]
            if self.differenced:
                own = torch.cat([own[:1], own[1:] - own[:-1]])
            hidden = kwargs["hidden_states"]
            per_frame = hidden.shape[1] // self.grid[0]
            return args, {**kwargs, "hidden_states": hidden + own.repeat_interleave(per_frame, dim=0).to(hidden)}

        return add

    def parameters(self) -> dict[str, nn.Parameter]:
        return {"token": self.token, "motion": self.motion}

    def activate(self, role: Role | None) -> dict[str, nn.Parameter]:
        for parameter in self.parameters().values():
            parameter.grad = None
        return self.parameters()

    def training_text(self, caption: str) -> str:
        return f"A person {WORD} a person."

    def text(self, relation: Relation, prompt: Prompt) -> str:
        return f"A {prompt.subjects[0]} {WORD} a {prompt.subjects[1]}."

    def condition(self, texts: list[str]) -> TextEmbeddings:
        encoder = self.model.text_encoder
        tokens = encoder.tokenize(texts, WORD)
        rows = torch.where(tokens.placeholder[..., None], self.token, encoder.input_embedding(tokens.ids))
        return encoder.encode(rows, tokens)

    def noise_levels(self, uniform: Tensor) -> Tensor:
        return uniform.sqrt()

    def loss(self, step: PredictedStep) -> StepLoss:
        error = ((step.predicted - step.target) ** 2).mean()
        return StepLoss(error, {"denoising": error})

    def save(self, folder: Path, facts: dict[str, Any]) -> None:
        save_file({name: value.detach().clone() for name, value in self.parameters().items()}, folder / FILE)

    def load(self, model: OpenModel, grid: tuple[int, int, int], folder: Path) -> list[Path]:
        self.attach(model, grid, 0)
        stored = load_file(folder / FILE)
        with torch.no_grad():
            for name, parameter in self.parameters().items():
                parameter.copy_(stored[name])
                parameter.requires_grad_(False)
        self.differenced = True
        return [folder / FILE]
