"""Frozen blocks whose weights stay in the host's memory and come to the GPU when their turn is.

Frozen weights never change, so they travel one way: copied from pinned memory while the block before is computed, and
dropped after use. Two blocks are on the GPU at a time. It saves memory in training only together with gradient
checkpointing: whatever a block computes for its gradients would keep its weights there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Slot:
    """Where one weight belongs: in which layer, under which name, and which part of its buffer it is."""

    layer: nn.Module
    name: str
    dtype: torch.dtype
    start: int
    shape: torch.Size

    def of(self, buffers: dict[torch.dtype, Tensor]) -> Tensor:
        return buffers[self.dtype][self.start : self.start + self.shape.numel()].view(self.shape)


class HeldBlock:
    """The weights of one block in the host's memory, packed, so that a block is one copy and not fifty."""

    def __init__(self, block: nn.Module, pinned: bool) -> None:
        found = [
            (layer, name, parameter)
            for layer in block.modules()
            for name, parameter in layer.named_parameters(recurse=False)
        ]
        sizes: dict[torch.dtype, int] = {}
        self.slots: list[Slot] = []
        for layer, name, parameter in found:
            start = sizes.get(parameter.dtype, 0)
            self.slots.append(Slot(layer, name, parameter.dtype, start, parameter.shape))
            sizes[parameter.dtype] = start + parameter.numel()
        self.buffers = {dtype: torch.empty(size, dtype=dtype, pin_memory=pinned) for dtype, size in sizes.items()}
        for slot, (*_, parameter) in zip(self.slots, found, strict=True):
            slot.of(self.buffers).copy_(parameter.detach())
        self.put_back()

    def put(self, buffers: dict[torch.dtype, Tensor]) -> None:
        """Let the layers compute with these copies.

        They are no parameters: what autograd saves of them are then the copies themselves, whatever stands in the layer
        when the backward pass comes.
        """
        for slot in self.slots:
            slot.layer._parameters[slot.name] = slot.of(buffers)  # type: ignore[assignment]

    def put_back(self) -> None:
        """Let the layers hold the host's weights."""
        for slot in self.slots:
            slot.layer._parameters[slot.name] = nn.Parameter(slot.of(self.buffers), requires_grad=False)


class BlockStream:
    """Blocks that are called one after the other, forwards, and backwards in the backward pass."""

    def __init__(self, blocks: list[nn.Module], device: torch.device) -> None:
        """Move the blocks' weights to the host's memory; before adapters are put into them, which stay on the GPU."""
        self.device = device
        self.on_gpu = device.type == "cuda"
        self.held = [HeldBlock(block, pinned=self.on_gpu) for block in blocks]
        self.copies: dict[int, dict[torch.dtype, Tensor]] = {}
        self.arrivals: dict[int, Any] = {}
        """Events after which a copy is there."""
        self.copier = torch.cuda.Stream(device) if self.on_gpu else None
        self.last = -1
        for number, block in enumerate(blocks):
            for layer in block.modules():
                layer._buffers.update({n: b.to(device) for n, b in layer._buffers.items() if b is not None})
            block.forward = self._streamed(number, block.forward)

    def _streamed(self, number: int, forward: Callable[..., Any]) -> Callable[..., Any]:
        def streamed(*args: Any, **kwargs: Any) -> Any:
            held = self.held[number]
            held.put(self._take(number))
            try:
                return forward(*args, **kwargs)
            finally:
                held.put_back()

        return streamed

    def _take(self, number: int) -> dict[torch.dtype, Tensor]:
        """The copy of a block's weights; that of the block which follows is begun, and all others are dropped."""
        self._fetch(number)
        following = self._following(number)
        self.last = number
        for other in self.copies.keys() - {number, following}:
            del self.copies[other]
        copies = self.copies[number]
        if self.on_gpu:
            stream = torch.cuda.current_stream(self.device)
            if number in self.arrivals:
                stream.wait_event(self.arrivals.pop(number))
            for copy in copies.values():
                copy.record_stream(stream)
        if following is not None:
            self._fetch(following)
        return copies

    def _following(self, number: int) -> int | None:
        """Which block comes after this one: the next, or in a backward pass the one before."""
        end = len(self.held) - 1
        if end == 0:
            return None
        if number == 0:
            return 1  # of the next forward pass, where this was the backward pass
        if number == end:
            return end - 1 if torch.is_grad_enabled() else 0
        return number + 1 if number > self.last else number - 1

    def _fetch(self, number: int) -> None:
        """Begin to copy a block's weights, unless that was begun already."""
        if number in self.copies:
            return
        buffers = self.held[number].buffers
        if self.copier is None:
            self.copies[number] = {dtype: buffer.to(self.device, copy=True) for dtype, buffer in buffers.items()}
            return
        with torch.cuda.stream(self.copier):
            self.copies[number] = {
                dtype: buffer.to(self.device, non_blocking=True) for dtype, buffer in buffers.items()
            }
            self.arrivals[number] = self.copier.record_event()
