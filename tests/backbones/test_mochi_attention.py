"""Our attention of Mochi computes what diffusers' does, without asking the device for the lengths of texts."""

from typing import Any

import pytest
import torch
from diffusers import MochiTransformer3DModel
from diffusers.models.attention_processor import MochiAttnProcessor2_0
from torch._subclasses.fake_tensor import DynamicOutputShapeException, FakeTensorMode

from dreamrelation.backbones.mochi.attention import share_attention, text_lengths
from dreamrelation.backbones.mochi.backbone import Mochi
from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.settings.machine import MachineSettings

LENGTHS = ([5, 5], [8, 8], [0, 3], [8, 0], [2, 7], [0, 0])


def transformer_of(settings: MochiSettings) -> Any:
    return Mochi(settings, MachineSettings(device="cpu")).denoiser().module


def inputs(lengths: list[int], tokens: int = 8) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        "hidden_states": torch.randn(len(lengths), 12, 2, 4, 6, generator=generator),
        "encoder_hidden_states": torch.randn(len(lengths), tokens, 64, generator=generator),
        "timestep": torch.tensor([300.0, 800.0])[: len(lengths)],
        "encoder_attention_mask": torch.arange(tokens)[None] < torch.tensor(lengths)[:, None],
    }


@pytest.mark.parametrize("lengths", LENGTHS)
def test_answers_and_gradients_are_those_of_diffusers(random_mochi: MochiSettings, lengths: list[int]) -> None:
    """Also of the embedding, which a method may train: of tokens that do not count it is zero."""
    found = []
    for ours in (True, False):
        transformer: MochiTransformer3DModel = transformer_of(random_mochi)
        if ours:
            share_attention(transformer).tell(lengths, 8)
        else:
            for block in transformer.transformer_blocks:
                block.attn1.processor = MochiAttnProcessor2_0()  # type: ignore[union-attr]
        given = inputs(lengths)
        embedding = given["encoder_hidden_states"].requires_grad_()
        answer = transformer(**given, return_dict=False)[0]
        answer.square().sum().backward()
        assert embedding.grad is not None
        counts = given["encoder_attention_mask"]
        assert counts.sum() == 0 or embedding.grad[counts].abs().sum() > 0
        found.append((answer.detach(), embedding.grad))
    torch.testing.assert_close(found[0][0], found[1][0], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(found[0][1], found[1][1], rtol=1e-3, atol=1e-5)


def test_nothing_is_looked_for_on_the_device(random_mochi: MochiSettings) -> None:
    """A forward pass of tensors without values, in which diffusers' processor finds no lengths, goes through."""
    transformer = transformer_of(random_mochi)
    share_attention(transformer).tell([3, 8], 8)
    with FakeTensorMode(allow_non_fake_inputs=True) as fake:
        given = {name: fake.from_tensor(value) for name, value in inputs([3, 8]).items()}
        assert transformer(**given, return_dict=False)[0].shape == (2, 12, 2, 4, 6)
        transformer.transformer_blocks[1].attn1.processor = MochiAttnProcessor2_0()
        with pytest.raises(DynamicOutputShapeException):
            transformer(**given)


def test_texts_count_from_their_beginning() -> None:
    assert text_lengths(torch.tensor([[True, True, False], [False, False, False]])) == [2, 0]
    with pytest.raises(ValueError, match="expected all of it at the end"):
        text_lengths(torch.tensor([[True, False, True]]))
