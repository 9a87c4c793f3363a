"""A sampling that is watched: the same latents, one call a step, and an end when it is asked for."""

import pytest
import torch
from tests.tiny_models import Kind, opened

from dreamrelation.sampling.guidance import Guidance
from dreamrelation.sampling.schedules import noise_levels
from dreamrelation.sampling.solver import sample, starting_noise
from dreamrelation.sampling.watched import WatchedDenoiser

STEPS = 4


def test_each_step_is_told_once_and_nothing_changes(kind: Kind) -> None:
    """Of every backbone, also that which asks two transformers in turn."""
    backbone = opened(kind.settings)
    denoiser, encoder = backbone.denoiser(), backbone.text_encoder()
    told: list[int] = []
    watched = WatchedDenoiser(denoiser, lambda: told.append(len(told)))
    noise = starting_noise([1], (denoiser.channels, 2, 4, 6))
    texts, guidance = encoder.embed(["A dog."]), kind.guidance(4.0, encoder.embed([""]))
    levels = noise_levels(kind.spec.sampling.schedule, STEPS)
    expected = sample(denoiser, noise, texts, guidance, levels)
    assert torch.equal(sample(watched, noise, texts, guidance, levels), expected) and told == list(range(STEPS))
    assert torch.equal(watched.denormalise(watched.normalise(noise)), denoiser.denormalise(denoiser.normalise(noise)))


def test_what_is_raised_ends_the_sampling_at_that_step(kind: Kind) -> None:
    backbone = opened(kind.settings)
    encoder = backbone.text_encoder()
    told: list[int] = []

    def answered() -> None:
        told.append(0)
        if len(told) == 2:
            raise KeyError("enough")

    watched = WatchedDenoiser(backbone.denoiser(), answered)
    levels = noise_levels(kind.spec.sampling.schedule, STEPS)
    noise = starting_noise([1], (watched.channels, 2, 4, 6))
    with pytest.raises(KeyError, match="enough"):
        sample(watched, noise, encoder.embed(["A dog."]), Guidance(1.0, encoder.embed([""])), levels)
    assert len(told) == 2
