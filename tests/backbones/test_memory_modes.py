"""What saves memory changes nothing: answers and gradients, to the last bit. `tests/quantised` has the rest."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from tests.adapted import EXACT_MODES, PLACEMENT, answer_and_gradients, with_adapters, with_precision
from tests.tiny_models import Kind, opened
from torch import Tensor, nn
from torch._dynamo.utils import counters
from torch.utils.checkpoint import checkpoint

from dreamrelation.backbones import quantisation
from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.backbones.streaming import BlockStream, HeldBlock
from dreamrelation.errors import UserError
from dreamrelation.methods.lora.activation import AdapterSwitch
from dreamrelation.methods.lora.placement import place
from dreamrelation.settings.machine import MachineSettings


@pytest.mark.parametrize("machine", EXACT_MODES.values(), ids=EXACT_MODES)
def test_answers_and_gradients_are_the_same_to_the_last_bit(kind: Kind, machine: dict[str, object]) -> None:
    for sigma in (0.5, 0.95):  # of either expert, where there are two
        plain = answer_and_gradients(*with_adapters(kind.settings), sigma)
        lean = answer_and_gradients(*with_adapters(kind.settings, **machine), sigma)
        assert plain[1].abs().max() > 0
        assert torch.equal(lean[0], plain[0]) and torch.equal(lean[1], plain[1])


@pytest.mark.parametrize(("every", "expected"), [(False, [1, 1, 1]), (1, [2, 2, 2]), (2, [2, 1, 2])])
def test_every_nth_block_is_computed_twice(
    random_mochi: MochiSettings, every: int | bool, expected: list[int], tmp_path: Path
) -> None:
    settings = deeper(random_mochi, tmp_path, blocks=3)
    denoiser, parameters = with_adapters(settings, gradient_checkpointing=every)
    counts = [0, 0, 0]
    blocks: Any = denoiser.module.transformer_blocks
    for number, block in enumerate(blocks):
        block.attn1.to_q.register_forward_hook(lambda *_, n=number: counts.__setitem__(n, counts[n] + 1))
    answer_and_gradients(denoiser, parameters)
    assert counts == expected


class CountedStream(BlockStream):
    """Notes which blocks were copied, and how many were there at a time."""

    def __init__(self, blocks: list[nn.Module]) -> None:
        self.fetched: list[int] = []
        self.most = 0
        super().__init__(blocks, torch.device("cpu"))

    def _fetch(self, number: int) -> None:
        if number not in self.copies:
            self.fetched.append(number)
        super()._fetch(number)
        self.most = max(self.most, len(self.copies))


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)
        self.scale = nn.Parameter(torch.tensor(1.5, dtype=torch.float64))
        self.register_buffer("offset", torch.ones(3))

    def forward(self, states: Tensor) -> Tensor:
        return torch.tanh(self.linear(states) * self.scale.float() + self.offset)


def checkpointed(blocks: Sequence[nn.Module], states: Tensor) -> Tensor:
    for block in blocks:
        states = checkpoint(block, states, use_reentrant=False)
    return states


def test_blocks_are_fetched_in_the_order_of_both_passes() -> None:
    """One ahead; what is there at the end of a pass is not fetched again for the next one; two at a time."""
    torch.manual_seed(0)
    blocks = [Block().requires_grad_(False) for _ in range(4)]
    stream = CountedStream(list(blocks))
    for _ in range(2):
        states = torch.ones(2, 3, requires_grad=True)
        checkpointed(blocks, states).sum().backward()
    assert stream.fetched == [0, 1, 2, 3, 1, 0, 2, 3, 1, 0]
    assert stream.most == 2
    stream.fetched.clear()
    with torch.no_grad():
        for _ in range(2):
            states = torch.ones(2, 3)
            for block in blocks:
                states = block(states)
    assert stream.fetched == [2, 3, 0, 1, 2, 3, 0]


def test_a_block_is_one_buffer_of_each_type_and_keeps_its_weights() -> None:
    block = Block().requires_grad_(False)
    before = {name: value.clone() for name, value in block.state_dict().items()}
    held = HeldBlock(block, pinned=False)
    assert {dtype: len(buffer) for dtype, buffer in held.buffers.items()} == {torch.float32: 12, torch.float64: 1}
    assert all(torch.equal(value, before[name]) for name, value in block.state_dict().items())
    held.put({dtype: torch.zeros_like(buffer) for dtype, buffer in held.buffers.items()})
    assert not block.linear.weight.any()
    held.put_back()
    assert all(torch.equal(value, before[name]) for name, value in block.state_dict().items())


def test_streaming_without_checkpointing_and_of_quantised_weights_is_refused(random_mochi: MochiSettings) -> None:
    for checkpointing in (False, 2):
        with pytest.raises(ValidationError, match="stream_weights with gradient_checkpointing"):
            MachineSettings(stream_weights=True, gradient_checkpointing=checkpointing)
    small = with_precision(random_mochi, "int8")
    with pytest.raises(UserError, match="stream_weights with model.precision.denoiser int8"):
        opened(small, stream_weights=True, gradient_checkpointing=True).denoiser()


def test_a_library_that_is_missing_is_named(random_mochi: MochiSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantisation, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="model.precision is nf4, which needs the package bitsandbytes"):
        opened(with_precision(random_mochi, "nf4")).denoiser()


def test_compiled_blocks_answer_alike_and_are_not_compiled_again_as_roles_change(
    random_mochi: MochiSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two roles, a caption and the empty text: all variants are there after the first round."""
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    torch._dynamo.reset()
    counters.clear()
    answers: dict[bool, list[Tensor]] = {}
    graphs = []
    for compiled in (False, True):
        denoiser = opened(random_mochi, compile_blocks=compiled).denoiser()
        place(denoiser, PLACEMENT, rank=2, alpha=2, seed=0)
        switch = AdapterSwitch(denoiser.module)
        answers[compiled] = []
        for _ in range(3):
            for role in (("relation", "ffn"), ("ffn",)):
                parameters = switch.activate(role)
                answers[compiled] += [answer_and_gradients(denoiser, parameters, lengths=n)[0] for n in (5, 0)]
            graphs.append(counters["stats"]["unique_graphs"])
    assert graphs[:3] == [0, 0, 0] and graphs[3] == graphs[5] == 8, "of blocks with and without to_add_out"
    for plain, found in zip(answers[False], answers[True], strict=True):
        torch.testing.assert_close(found, plain, rtol=1e-5, atol=1e-6)


def deeper(settings: MochiSettings, folder: Path, blocks: int) -> MochiSettings:
    """The same model with more blocks, random."""
    from diffusers import MochiPipeline, MochiTransformer3DModel

    pipeline: Any = MochiPipeline.from_pretrained(settings.path)
    torch.manual_seed(0)
    config = {**pipeline.transformer.config, "num_layers": blocks}
    pipeline.transformer = MochiTransformer3DModel.from_config(config)
    pipeline.save_pretrained(folder)
    return settings.model_copy(update={"path": str(folder)})
