"""Counted operations and memory, against numbers by hand."""

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from dreamrelation.costs.counted import MemoryMode, cost_of, without_values

N, WIDTH = 512, 128


class Block(nn.Module):
    """Frozen, with a part that is trained, as an adapter is."""

    def __init__(self) -> None:
        super().__init__()
        self.frozen = nn.Linear(WIDTH, WIDTH, bias=False).requires_grad_(False)
        self.trained = nn.Linear(WIDTH, WIDTH, bias=False)

    def forward(self, states: Tensor) -> Tensor:
        return states + self.trained(torch.tanh(torch.tanh(self.frozen(states))))


def blocks_of(count: int, fake: FakeTensorMode) -> list[Block]:
    with fake:
        return [Block() for _ in range(count)]


def cost(count: int, checkpointed: bool = False) -> tuple[int, int]:
    fake = without_values()
    blocks = blocks_of(count, fake)
    with fake:
        states = torch.zeros(N, WIDTH, requires_grad=True)

    def step() -> None:
        found = states
        for block in blocks:
            found = checkpoint(block, found, use_reentrant=False) if checkpointed else block(found)  # type: ignore[assignment]
        found.sum().backward()
        for block in blocks:
            block.trained.weight.grad = None

    found = cost_of(step, [p for block in blocks for p in block.parameters()])
    return found.flops, found.peak_bytes


def test_operations_of_forward_and_backward_are_those_by_hand() -> None:
    """A block: two products forward, two for the gradient of what went in, one for that of the trained weight.

    Computed once more it is one, since that stops with the last tensor that is needed.
    """
    product = 2 * N * WIDTH * WIDTH
    assert cost(3)[0] == 3 * 5 * product
    assert cost(3, checkpointed=True)[0] == 3 * 6 * product


def test_attention_is_counted_on_the_cpu_as_on_a_gpu() -> None:
    heads, tokens, width = 2, 32, 16
    fake = without_values()
    with fake:
        q, k, v = (torch.zeros(1, heads, tokens, width, requires_grad=True) for _ in range(3))

    def forward() -> None:
        with torch.no_grad():
            functional.scaled_dot_product_attention(q, k, v)

    def both() -> None:
        functional.scaled_dot_product_attention(q, k, v).sum().backward()

    product = 2 * heads * tokens * tokens * width
    assert cost_of(forward, []).flops == cost_of(forward, []).attention == cost_of(both, []).attention == 2 * product
    assert cost_of(both, []).flops == 7 * product, "the kernel computes the scores once more going back"


def test_memory_grows_with_what_is_kept_for_the_backward_pass() -> None:
    """Of each block its weights, and what both tanh gave; with checkpointing only what went in."""
    activation, weights = 4 * N * WIDTH, 2 * 4 * WIDTH * WIDTH
    assert cost(8)[1] - cost(4)[1] == 4 * (weights + 2 * activation)
    assert cost(8, checkpointed=True)[1] - cost(4, checkpointed=True)[1] == 4 * (weights + activation)


def test_memory_is_that_of_tensors_that_are_alive() -> None:
    memory = MemoryMode()
    with FakeTensorMode(), memory:
        states = torch.zeros(1000)
        for _ in range(10):
            states = states + 1
        view = states[:10]
        assert memory.now == 4000
        del states, view
    assert (memory.now, memory.peak) == (0, 8000)


def test_values_are_gone_and_parameters_stay_frozen_or_not() -> None:
    fake = without_values()
    block = blocks_of(1, fake)[0]
    assert [p.requires_grad for p in block.parameters()] == [False, True]
    with pytest.raises(RuntimeError):
        block.frozen.weight.tolist()
