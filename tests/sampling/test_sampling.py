"""Sampling: seeds, guidance, and videos that do not depend on their batch."""

import pytest
import torch

from dreamrelation.backbones.interface import TextEmbeddings
from dreamrelation.backbones.mochi.backbone import Mochi
from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.relations import RELATIONS
from dreamrelation.sampling.guidance import Guidance, guided_velocity
from dreamrelation.sampling.prompts import requests
from dreamrelation.sampling.schedules import noise_levels
from dreamrelation.sampling.solver import sample, starting_noise
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.prompts import Prompt

HUGGING = RELATIONS["hugging"]
TWO = (Prompt(subjects=("dog", "cat")), Prompt(subjects=("frog", "fox")))
PROMPTS = ["A dog is hugging a cat.", "A frog is hugging a fox."]


@pytest.fixture
def mochi(random_mochi: MochiSettings) -> Mochi:
    return Mochi(random_mochi, MachineSettings(device="cpu"))


def test_seeds_depend_on_prompt_and_repeat_alone() -> None:
    wanted = requests(TWO, 1, HUGGING, 0)
    assert [request.prompt.text(HUGGING) for request in wanted] == PROMPTS
    assert [request.name for request in wanted] == ["dog_cat_0", "frog_fox_0"]
    assert len({request.seed for request in wanted}) == len(wanted)
    assert requests(TWO[1:], 1, HUGGING, 0)[0].seed == wanted[1].seed
    assert requests(TWO, 1, HUGGING, 1)[0].seed != wanted[0].seed
    repeated = requests(TWO, 2, HUGGING, 0)
    assert [request.name for request in repeated] == ["dog_cat_0", "dog_cat_1", "frog_fox_0", "frog_fox_1"]
    assert len({request.seed for request in repeated}) == 4 and repeated[0] == wanted[0]
    elsewhere = (Prompt(subjects=("dog", "cat"), place="in a library"),)
    assert requests(elsewhere, 1, HUGGING, 0)[0].seed != wanted[0].seed


def test_a_video_does_not_depend_on_its_batch(mochi: Mochi) -> None:
    denoiser, encoder = mochi.denoiser(), mochi.text_encoder()
    guidance = Guidance(4.0, encoder.embed([""]))
    texts = encoder.embed(PROMPTS)
    noise = starting_noise([11, 12], (12, 2, 4, 6))
    assert torch.equal(noise[1], starting_noise([12], (12, 2, 4, 6))[0])
    sigmas = noise_levels(denoiser.spec.sampling.schedule, 4)
    together = sample(denoiser, noise, texts, guidance, sigmas)
    second = TextEmbeddings(texts.embedding[1:], texts.attention_mask[1:])
    alone = sample(denoiser, noise[1:], second, guidance, sigmas)
    torch.testing.assert_close(together[1:], alone, rtol=1e-4, atol=1e-4)


def test_guidance_is_linear_between_the_two_answers(mochi: Mochi) -> None:
    denoiser, encoder = mochi.denoiser(), mochi.text_encoder()
    negative, prompt = encoder.embed([""]), encoder.embed(PROMPTS[:1])
    noisy = starting_noise([3], (12, 2, 4, 6))
    with torch.no_grad():
        one, three, five = (
            guided_velocity(denoiser, noisy, 0.6, prompt, Guidance(s, negative)) for s in (1.0, 3.0, 5.0)
        )
    torch.testing.assert_close(three - one, five - three, rtol=1e-3, atol=1e-4)
