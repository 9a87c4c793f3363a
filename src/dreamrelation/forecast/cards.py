"""Graphics cards: memory and rates from their makers' data sheets, or measured on the one that is here."""

import statistics
import time
from dataclasses import dataclass, replace

import torch

from dreamrelation.errors import UserError


@dataclass(frozen=True)
class Card:
    """What a forecast must know of a card."""

    name: str
    memory: float
    """GiB."""
    rate: float
    """10¹² operations a second of matrix products in bfloat16, sums in float32, without sparsity."""
    source: str
    """Of the rate."""
    link: float = 20
    """10⁹ bytes a second that come from other cards of the machine: what PCIe 4.0 reaches, or NVLink's, one way."""
    share: float = 0.38
    """Of the rate that a training step reaches: what one of Mochi did of an H200's data sheet
    (benchmarks/results/card_h200.md), taken for all cards until they are measured."""


DATA_SHEET = "NVIDIA's data sheet"
SHARE_OF_MEASURED = 0.48
"""The same of the rate that its product of matrices reached, which is less than the data sheet's."""
KNOWN = {
    card.name: card
    for card in (
        Card("rtx-3090", 24, 71, DATA_SHEET),
        Card("rtx-4090", 24, 165, DATA_SHEET),
        Card("rtx-5090", 32, 209, DATA_SHEET),
        Card("a100-40", 40, 312, DATA_SHEET, 300),
        Card("a100-80", 80, 312, DATA_SHEET, 300),
        Card("l40s", 48, 362, DATA_SHEET),
        Card("h100", 80, 989, DATA_SHEET, 450),
        Card("h200", 141, 989, DATA_SHEET, 450),
        Card("b200", 180, 2250, DATA_SHEET, 900),
    )
}
SIDE, TIMES = {"cuda": 8192, "cpu": 1024}, 12


def card_of(name: str | None, memory: float | None, rate: float | None) -> Card:
    """The card of a name, or the device that is here, measured; `memory` (GiB) and `rate` (10¹² a second) go first.

    Raises UserError for a name that is not known, and where there is no card and none was named.
    """
    if name is not None and name not in KNOWN:
        raise UserError(f"--card {name}: expected one of {', '.join(KNOWN)}; or leave it out and say --vram and --rate")
    if name is None and rate is not None:
        card = Card("a card", memory or _memory_here(), rate, "--rate")
    else:
        card = KNOWN[name] if name is not None else _here(memory)
    source = card.source if rate is None else "--rate"
    return replace(card, memory=memory or card.memory, rate=rate or card.rate, source=source)


def _here(memory: float | None) -> Card:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    title = torch.cuda.get_device_name() if device == "cuda" else "this machine's processor"
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    measured = f"measured now, a matrix product in {str(dtype).removeprefix('torch.')}"
    rate = matrix_rate(device, dtype) / 1e12
    return Card(title, memory or _memory_here(), rate, measured, share=SHARE_OF_MEASURED)


def _memory_here() -> float:
    """GiB of the card that is here."""
    if not torch.cuda.is_available():
        raise UserError("no GPU is here: say for which one with --card, or with --vram and --rate")
    return torch.cuda.get_device_properties(0).total_memory / 2**30


def matrix_rate(device: str, dtype: torch.dtype) -> float:
    """Operations a second of a large square product, the median of some: the most that a device does."""
    side = SIDE[device]
    a, b = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    seconds = [_timed(a, b, device) for _ in range(TIMES)][2:]
    return 2 * side**3 / statistics.median(seconds)


def _timed(a: torch.Tensor, b: torch.Tensor, device: str) -> float:
    _wait(device)
    started = time.perf_counter()
    torch.matmul(a, b)
    _wait(device)
    return time.perf_counter() - started


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()
