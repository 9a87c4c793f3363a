"""Textual inversion of a relation, after ReVersion (Huang et al., 2023, arXiv 2303.13495)."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from dreamrelation.backbones.interface import TextEmbeddings
from dreamrelation.methods.contrastive import ContrastiveMethod, ContrastiveTerm
from dreamrelation.methods.interface import OpenModel, PredictedStep, StepLoss
from dreamrelation.methods.storage import check_shape, load_tensors, save_tensors
from dreamrelation.methods.textual_inversion.importance import noise_levels
from dreamrelation.methods.textual_inversion.prepositions import content_words
from dreamrelation.methods.textual_inversion.settings import TextualInversionSettings
from dreamrelation.methods.textual_inversion.steering import Steering, word_vector
from dreamrelation.randomness import generator_for
from dreamrelation.relations import Relation, with_article
from dreamrelation.roles import Role
from dreamrelation.settings.prompts import Prompt, with_place

PLACEHOLDER = "<R>"
"""Where the new word stands in a text."""
FILE = "word.safetensors"


def sentence(subject1: str, subject2: str) -> str:
    """Such as "A dog <R> a cat"."""
    return f"{with_article(subject1).capitalize()} {PLACEHOLDER} {with_article(subject2)}"


class TextualInversion(ContrastiveMethod):
    """Implements `TrainedMethod`. The one thing trained is a word's row (D,) of the text encoder's input embedding.

    It enters the encoder in the place of a row, so the encoder runs in every step, with gradient, and texts that hold
    the word cannot be cached.
    """

    def __init__(self, settings: TextualInversionSettings) -> None:
        self.settings = settings
        self.contrast = ContrastiveTerm(settings.contrastive)
        self.steering: Steering | None = None

    def attach(self, model: OpenModel, grid: tuple[int, int, int], seed: int) -> None:
        self.model, settings = model, self.settings
        self.word = nn.Parameter(word_vector(model.text_encoder, settings.initial_word))
        if settings.steering is not None:
            content = content_words(" ".join(settings.training_subjects))
            self.steering = Steering(settings.steering, model.text_encoder, content)

    def parameters(self) -> dict[str, nn.Parameter]:
        return {"word": self.word}

    def activate(self, role: Role | None) -> dict[str, nn.Parameter]:
        self.word.grad = None
        return self.parameters()

    def training_text(self, caption: str) -> str:
        """One text for all clips: the caption's own words would take from the new word what it should learn."""
        return sentence(*self.settings.training_subjects)

    def text(self, relation: Relation, prompt: Prompt) -> str:
        return with_place(sentence(*prompt.subjects), prompt.place)

    def condition(self, texts: list[str]) -> TextEmbeddings:
        """Each distinct text once; those without the new word come from the cache."""
        found = {text: self._embedded(text) for text in dict.fromkeys(texts)}
        return TextEmbeddings.joined([found[text] for text in texts])

    def _embedded(self, text: str) -> TextEmbeddings:
        encoder = self.model.text_encoder
        if PLACEHOLDER not in text:
            return self.model.texts.look_up([text]).to(self.word.device, torch.float32)
        tokens = encoder.tokenize([text], PLACEHOLDER)
        rows = encoder.input_embedding(tokens.ids)
        rows = torch.where(tokens.placeholder[..., None], self.word.to(rows), rows)
        return encoder.encode(rows, tokens)

    def noise_levels(self, uniform: Tensor) -> Tensor:
        return noise_levels(uniform) if self.settings.importance_sampling else uniform

    def loss(self, step: PredictedStep) -> StepLoss:
        total = mse_loss(step.predicted, step.target)
        terms = {"reconstruction": total}
        if self.steering is not None:
            terms["steering"] = self.steering(self.word, generator_for("steering", *step.randomness))
            total = total + self.steering.settings.weight * terms["steering"]
        return self.contrast.added(StepLoss(total, terms), step)

    def save(self, folder: Path, facts: dict[str, Any]) -> None:
        save_tensors(folder / FILE, self.parameters(), {**facts, "placeholder": PLACEHOLDER})

    def load(self, model: OpenModel, grid: tuple[int, int, int], folder: Path) -> list[Path]:
        self.model, path = model, folder / FILE
        word = load_tensors(path, {"word"})["word"]
        table = model.text_encoder.input_embedding
        check_shape(path, "word", word, (table.embedding_dim,))
        self.word = nn.Parameter(word.to(table.weight.device), requires_grad=False)
        return [path]
