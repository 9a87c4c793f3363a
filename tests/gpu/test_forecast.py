"""What `plan` counts of memory is what a card holds."""

import gc
from collections.abc import Iterator

import pytest
import torch
from benchmarks.train_step import PRESETS, Modes, Preset, counted, ours
from torch.nn.attention import SDPBackend, sdpa_kernel

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no graphics card is here")

WIDE = Preset("mochi", {"num_layers": 4}, (5, 30, 52), PRESETS["mochi-61"].text)
"""Blocks of Mochi's own width, few of them and on few tokens."""
SLACK = 0.08
"""Relative; allocators round, and kernels need room of their own."""


@pytest.mark.parametrize("every", [0, 2, 1])
def test_counted_memory_is_what_a_card_holds(every: int) -> None:
    modes = Modes(every, "bfloat16", False, False)
    torch.use_deterministic_algorithms(False)  # attention as in a training; torch's plain kernel holds a lot more
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    run: Iterator[None] = ours(WIDE, modes, "cuda", torch.bfloat16, 4, triplet=False)
    with sdpa_kernel([SDPBackend.CUDNN_ATTENTION, SDPBackend.FLASH_ATTENTION]):
        for _ in range(3):
            next(run)
    measured = torch.cuda.max_memory_allocated()
    del run
    cost = counted(WIDE, modes, torch.bfloat16)
    assert cost.peak_bytes * (1 - SLACK) < measured < cost.peak_bytes * (1 + SLACK)
