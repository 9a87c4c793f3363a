"""Floating-point operations and memory of a computation, counted while it runs on tensors without values.

torch's own `MemTracker` refuses modules with frozen parameters, of which a LoRA training mostly consists.
"""

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode, sdpa_backward_flop_count, sdpa_flop_count


@dataclass(frozen=True)
class Cost:
    """Of one run of a computation."""

    flops: int
    """Floating-point operations of matrix products, convolutions and attention; a multiplication and an addition are
    two."""
    peak_bytes: int
    """Most memory of tensors at a time, that of the parameters included; without what kernels use inside."""


class MemoryMode(TorchDispatchMode):
    """Adds up the storages that exist, and remembers the most."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._seen: weakref.WeakSet[torch.UntypedStorage] = weakref.WeakSet()

    def see(self, tensor: Tensor) -> None:
        """Count a tensor's storage, until it is freed, unless it is counted already."""
        storage = tensor.untyped_storage()
        if storage in self._seen:
            return
        self._seen.add(storage)
        size = storage.nbytes()
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._freed, size).atexit = False

    def _freed(self, size: int) -> None:
        self.now -= size

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(found):
            if isinstance(leaf, Tensor):
                self.see(leaf)
        return found


def without_values(module: nn.Module, fake: FakeTensorMode, device: str = "cpu") -> None:
    """Replace all tensors of a module, such as one made on the meta device, by ones without values on the CPU."""
    with fake:
        for layer in module.modules():
            for name, parameter in layer._parameters.items():
                if parameter is not None:
                    empty = torch.empty(parameter.shape, dtype=parameter.dtype, device=device)
                    layer._parameters[name] = nn.Parameter(empty, requires_grad=parameter.requires_grad)
            for name, buffer in layer._buffers.items():
                if buffer is not None:
                    layer._buffers[name] = torch.empty(buffer.shape, dtype=buffer.dtype, device=device)


def _attention(query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
    return sdpa_flop_count(query, key, value)


def _attention_backward(gradient: Any, query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
    return sdpa_backward_flop_count(gradient, query, key, value)


# torch counts attention on a GPU; tensors without values are on the CPU, where its kernel has another name.
CPU_ATTENTION = {
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _attention,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward: _attention_backward,
}


def cost_of(work: Callable[[], Any], held: list[Tensor], fake: FakeTensorMode) -> Cost:
    """Count what `work` does, which computes on tensors of `fake`; `held` are those that are there all the time.

    It is run twice: the counter of operations keeps tensors alive.
    """
    with fake, FlopCounterMode(display=False, custom_mapping=CPU_ATTENTION) as flops:
        work()
    memory = MemoryMode()
    for tensor in held:
        memory.see(tensor)
    with fake, memory:
        work()
    return Cost(flops.get_total_flops(), memory.peak)
