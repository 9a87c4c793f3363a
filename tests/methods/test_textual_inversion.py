"""Textual inversion: where its noise levels come from, where steering pulls, and what its gradient reaches."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from tests.tiny_models import ONE_TRANSFORMER, opened
from tests.training.setups import RandomTexts, baseline_trainer

from dreamrelation.errors import UserError
from dreamrelation.flow import add_noise
from dreamrelation.methods.interface import OpenModel
from dreamrelation.methods.textual_inversion.importance import distribution, noise_levels
from dreamrelation.methods.textual_inversion.method import TextualInversion
from dreamrelation.methods.textual_inversion.prepositions import PREPOSITIONS, content_words
from dreamrelation.methods.textual_inversion.settings import TextualInversionSettings
from dreamrelation.methods.textual_inversion.steering import Steering, steering_loss, word_vector
from dreamrelation.relations import RELATIONS
from dreamrelation.sampling.guidance import Guidance, guided_velocity
from dreamrelation.settings.model import ModelSettings
from dreamrelation.settings.prompts import Prompt

GRID = (2, 4, 6)
TEXT = "A person <R> a person"


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def attached(settings: ModelSettings, **over: Any) -> TextualInversion:
    method = TextualInversion(TextualInversionSettings.model_validate(over))
    method.attach(OpenModel(opened(settings), RandomTexts(32, settings)), GRID, 0)
    return method


def test_importance_sampling_has_its_mean_and_its_share_near_noise() -> None:
    """Quadrature over the uniform numbers that it is made of: E[σ] = ∫ F⁻¹(u) du."""
    uniform = (torch.arange(200_000, dtype=torch.float64) + 0.5) / 200_000
    sigma = noise_levels(uniform)
    assert float(sigma.mean()) == pytest.approx(0.5 + 1 / math.pi**2, abs=1e-9)
    assert float(sigma.mean()) == pytest.approx(0.60132, abs=5e-6)
    assert float((sigma > 0.5).double().mean()) == pytest.approx(0.65915, abs=1e-5)
    assert bool((sigma.diff() > 0).all())


def test_noise_levels_invert_the_distribution_function_and_its_slope_is_the_density() -> None:
    uniform = torch.linspace(0, 1, 1001, dtype=torch.float64)
    torch.testing.assert_close(distribution(noise_levels(uniform)), uniform, rtol=0, atol=1e-14)
    sigma = torch.linspace(0, 1, 101, dtype=torch.float64).requires_grad_(True)
    (density,) = torch.autograd.grad(distribution(sigma).sum(), sigma)
    torch.testing.assert_close(density, 1 - 0.5 * torch.cos(math.pi * sigma.detach()), rtol=0, atol=1e-12)
    assert noise_levels(torch.rand(3)).dtype == torch.float32


def test_steering_with_all_candidates_equal_is_the_log_of_their_ratio() -> None:
    for positives, negatives in ((4, 1), (4, 9), (1, 3)):
        same = random(7)
        loss = steering_loss(random(7, seed=1), same.expand(positives, 7), same.expand(negatives, 7), 0.07)
        assert float(loss) == pytest.approx(math.log((positives + negatives) / positives), abs=1e-12)


def test_steering_is_the_softmax_share_of_the_prepositions() -> None:
    """An independent computation: −log of the share that the positives have of all."""
    word, positives, negatives = random(6), random(4, 6, seed=1), random(3, 6, seed=2)
    weights = [
        math.exp(float(word @ row / word.norm() / row.norm()) / 0.07) for row in torch.cat([positives, negatives])
    ]
    expected = -math.log(sum(weights[:4]) / sum(weights))
    assert float(steering_loss(word, positives, negatives, 0.07)) == pytest.approx(expected, rel=1e-12)
    assert float(steering_loss(9 * word, 0.1 * positives, 5 * negatives, 0.07)) == pytest.approx(expected, rel=1e-12)


def test_steering_pulls_towards_prepositions() -> None:
    positives, negatives = random(4, 6, seed=1), random(3, 6, seed=2)
    word = random(6).requires_grad_(True)
    before = steering_loss(word, positives, negatives, 0.07)
    (gradient,) = torch.autograd.grad(before, word)
    moved = word.detach() - 1e-3 * gradient
    assert steering_loss(moved, positives, negatives, 0.07) < before

    def nearness(vector: torch.Tensor, rows: torch.Tensor) -> float:
        return float(torch.cosine_similarity(vector.detach()[None], rows).exp().mean())

    assert nearness(moved, positives) - nearness(moved, negatives) > nearness(word, positives) - nearness(
        word, negatives
    )


def test_prepositions_are_56_and_drawn_without_replacement(random_mochi: ModelSettings) -> None:
    assert len(set(PREPOSITIONS)) == len(PREPOSITIONS) == 56
    assert content_words("A person <R> a person, in the Red coat.") == ["person", "r", "red", "coat"]
    method = attached(random_mochi)
    steering = method.steering
    assert steering is not None and steering.content.shape == (1, 64), "the two persons are one word"
    one_hot = Steering.__new__(Steering)
    one_hot.settings = steering.settings
    one_hot.prepositions, one_hot.content = torch.eye(57)[:56], torch.eye(57)[56:]
    seen = set()
    for step in range(40):
        word = torch.zeros(57, requires_grad=True)
        with torch.no_grad():
            word += 1
        (gradient,) = torch.autograd.grad(one_hot(word, torch.Generator().manual_seed(step)), word)
        pulled = (gradient < -1e-6).nonzero().flatten().tolist()
        assert len(pulled) == 4 and 56 not in pulled
        seen |= set(pulled)
    assert len(seen) > 45


@pytest.mark.parametrize("backbone", ONE_TRANSFORMER)
def test_the_word_starts_as_and(backbone: str, request: pytest.FixtureRequest) -> None:
    method = attached(request.getfixturevalue(backbone))
    encoder = method.model.text_encoder
    torch.testing.assert_close(method.word.data, word_vector(encoder, "and"), rtol=0, atol=0)
    several = encoder.word_ids("xylophone")
    assert len(several) > 1
    expected = encoder.input_embedding.weight[several].mean(dim=0)
    torch.testing.assert_close(word_vector(encoder, "xylophone"), expected)
    assert method.condition([TEXT]).embedding.requires_grad


@pytest.mark.parametrize("backbone", ONE_TRANSFORMER)
def test_the_gradient_goes_through_the_text_encoder_into_one_word_and_nothing_else(
    backbone: str, request: pytest.FixtureRequest
) -> None:
    method = attached(request.getfixturevalue(backbone))
    denoiser, encoder = method.model.denoiser, method.model.text_encoder
    shape = (1, denoiser.channels, *GRID)
    latents = add_noise(random(*shape).float(), random(*shape, seed=1).float(), torch.tensor([0.7]))

    def error() -> torch.Tensor:
        return (
            (denoiser.velocity(latents.noisy, latents.sigma, method.condition([TEXT])) - latents.velocity) ** 2
        ).sum()

    before = error()
    before.backward()
    gradient = method.word.grad
    assert gradient is not None and float(gradient.abs().max()) > 0
    others = [*denoiser.module.parameters(), *encoder.module.parameters()]
    assert others and all(parameter.grad is None for parameter in others)
    # along the gradient the error changes as the gradient says
    size, direction = 1e-2, gradient / gradient.norm()
    ends = []
    for sign in (1, -1):
        with torch.no_grad():
            method.word.add_(sign * size * direction)
            ends.append(float(error()))
            method.word.sub_(sign * size * direction)
    assert (ends[0] - ends[1]) / (2 * size) == pytest.approx(float(gradient.norm()), rel=0.02)


@pytest.mark.parametrize("backbone", ONE_TRANSFORMER)
def test_texts_without_the_word_come_from_the_cache(backbone: str, request: pytest.FixtureRequest) -> None:
    method = attached(request.getfixturevalue(backbone))
    found = method.condition(["", TEXT, "", TEXT])
    assert found.embedding.shape[0] == 4
    assert torch.equal(found.embedding[0].cpu(), method.model.texts.embedding[0])
    assert torch.equal(found.embedding[1], found.embedding[3])
    assert torch.equal(found.embedding[1], method.condition([TEXT]).embedding[0])
    with pytest.raises(UserError, match="holds no embedding of 'A dog'"):
        method.condition(["A dog"])


@pytest.mark.parametrize("backbone", ONE_TRANSFORMER)
@torch.no_grad()
def test_the_word_is_in_the_prompts_branch_of_guidance_and_not_in_the_other(
    backbone: str, request: pytest.FixtureRequest
) -> None:
    method = attached(request.getfixturevalue(backbone))
    denoiser = method.model.denoiser
    noisy = random(1, denoiser.channels, *GRID).float()
    negative = method.condition([""])

    def guided(scale: float) -> torch.Tensor:
        return guided_velocity(denoiser, noisy, 0.6, method.condition([TEXT]), Guidance(scale, negative))

    prompted, tripled = guided(1), guided(3)
    method.word.add_(1)
    prompted_after, tripled_after = guided(1), guided(3)
    assert not torch.allclose(prompted, prompted_after, atol=1e-4)
    without, without_after = ((3 * p - t) / 2 for p, t in ((prompted, tripled), (prompted_after, tripled_after)))
    torch.testing.assert_close(without, without_after, rtol=1e-3, atol=1e-4)


def test_texts_put_the_word_between_the_subjects(random_mochi: ModelSettings) -> None:
    method = attached(random_mochi, training_subjects=["woman", "old man"])
    assert method.training_text("A person is hugging a person.") == "A woman <R> an old man"
    assert method.text(RELATIONS["hugging"], Prompt(subjects=("owl", "cat"))) == "An owl <R> a cat"
    placed = Prompt(subjects=("owl", "cat"), place="in a library")
    assert method.text(RELATIONS["hugging"], placed) == "An owl <R> a cat in a library"


def test_settings_that_cannot_be_are_refused(random_mochi: ModelSettings) -> None:
    with pytest.raises(ValidationError, match="a word that names what is seen"):
        TextualInversionSettings(training_subjects=("the", "a"))
    TextualInversionSettings(training_subjects=("the", "a"), steering=None)
    with pytest.raises(UserError, match="sees no token in the word ' '"):
        attached(random_mochi, initial_word=" ")


def test_what_is_loaded_is_what_was_learned(random_mochi: ModelSettings, tmp_path: Path) -> None:
    subject = baseline_trainer("textual_inversion", random_mochi, tmp_path / "resume", steps=2, warmup_steps=0)
    subject.train()
    learned: Any = subject.setup.method
    learned.save(tmp_path, {"relation": "hugging"})
    loaded = TextualInversion(learned.settings)
    model = OpenModel(opened(random_mochi), RandomTexts(32))
    assert loaded.load(model, GRID, tmp_path) == [tmp_path / "word.safetensors"]
    assert torch.equal(loaded.word, learned.word) and not loaded.word.requires_grad
    assert not torch.equal(loaded.word.data, word_vector(model.text_encoder, "and"))
    assert torch.equal(loaded.condition([TEXT]).embedding, learned.condition([TEXT]).embedding.detach())
    (tmp_path / "word.safetensors").write_bytes(b"nonsense")
    with pytest.raises(UserError, match=r"word.safetensors: not a whole safetensors file"):
        loaded.load(model, GRID, tmp_path)
