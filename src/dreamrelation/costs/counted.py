"""Floating-point operations and memory of a computation, counted while it runs on tensors without values.

torch's own `MemTracker` refuses modules with frozen parameters, of which a LoRA training mostly consists.
"""

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorConverter, FakeTensorMode
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
    attention: int = 0
    """Of the operations, those of attention on the way forward."""


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


def without_values() -> FakeTensorMode:
    """A mode in which new tensors have shapes and no values, on the CPU; tensors from outside may take part."""
    mode = FakeTensorMode(allow_non_fake_inputs=True)
    mode.fake_tensor_converter = _Forgetful(copy_data=False)
    return mode


class _Forgetful(FakeTensorConverter):
    """torch's own memory of converted tensors holds weak references, with which no module can be moved."""

    def set_tensor_memo(self, t: Tensor, v: FakeTensor) -> None:
        pass


def _attention(query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
    return sdpa_flop_count(query, key, value)


def _attention_backward(gradient: Any, query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
    return sdpa_backward_flop_count(gradient, query, key, value)


# torch counts attention on a GPU; tensors without values are on the CPU, where its kernel has another name.
CPU_ATTENTION = {
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _attention,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward: _attention_backward,
}


def cost_of(work: Callable[[], Any], held: list[Tensor]) -> Cost:
    """Count what `work` does on tensors without values; `held` are those that are there all the time.

    The mode that made them is off: what `work` draws or counts for itself has values, on which it may depend. It is run
    twice: the counter of operations keeps tensors alive.
    """
    with FlopCounterMode(display=False, custom_mapping=CPU_ATTENTION) as flops:
        work()
    memory = MemoryMode()
    for tensor in held:
        memory.see(tensor)
    with memory:
        work()
    return Cost(flops.get_total_flops(), memory.peak, _forward_attention(flops))


def _forward_attention(flops: FlopCounterMode) -> int:
    found = flops.get_flop_counts().get("Global", {})
    names = {str(operation): count for operation, count in found.items()}
    return sum(n for name, n in names.items() if "scaled_dot_product" in name and "backward" not in name)
