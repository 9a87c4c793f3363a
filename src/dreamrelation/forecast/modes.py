"""Ways to train a model in less memory, what each takes, and the fastest one that fits a card."""

import math
from dataclasses import dataclass, replace

from dreamrelation.costs.counted import Cost
from dreamrelation.forecast.counting import StepCost, Weights

CHECKPOINTING = (0, 2, 1)
"""Of every n-th block; 0: none. From the fastest to the one that takes the least memory."""
OPTIMIZER_BYTES = {"adamw": 8, "adamw_8bit": 2}
"""Of the two moments of each trained number."""
TRAINED_BYTES = 4
"""Of a trained number, in memory and in files."""
BITS = {"int8": 8, "float8": 8, "nf4": 4.25}
"""Of a quantised weight, its scales included."""
UPLOAD = 20e9
"""Bytes a second from pinned memory to a card, PCIe 4.0 with 16 lanes."""
GATHERED = 3
"""Blocks that are there at the most where blocks are divided: the one in use, what it was put together from, and the
next, which comes meanwhile."""
RESERVED = 0.08
"""Share of a card that is left to CUDA itself and to what the allocator cannot use."""


@dataclass(frozen=True)
class Mode:
    """How a training saves memory; the settings of the same names."""

    every: int
    """machine.gradient_checkpointing: every n-th block; 0: none."""
    precision: str
    """model.precision.denoiser."""
    stream: bool = False
    """machine.stream_weights."""
    divided_by: int = 1
    """machine.shard_weights: cards among which the blocks' weights are divided; 1: each has them all."""

    @property
    def settings(self) -> str:
        """As one would write it into a configuration."""
        checkpointing = "false" if not self.every else "true" if self.every == 1 else str(self.every)
        parts = [f"gradient_checkpointing: {checkpointing}", f"precision.denoiser: {self.precision}"]
        more = {"stream_weights: true": self.stream, "shard_weights: true": self.divided_by > 1}
        return ", ".join([*parts, *(setting for setting, on in more.items() if on)])


def modes_of(precision: str, cards: int = 1) -> list[Mode]:
    """What may be tried for a model whose settings ask for `precision`, those that change no number first.

    `cards` train together; where they are several, dividing the weights is tried before more is computed twice.
    """
    if precision in BITS:
        return [Mode(every, precision) for every in CHECKPOINTING]
    exact = [Mode(every, precision, divided_by=count) for every in CHECKPOINTING for count in sorted({1, cards})]
    smaller = [Mode(every, kept) for kept in ("int8", "nf4") for every in CHECKPOINTING]
    return [*exact, Mode(1, precision, stream=True), *smaller]


def memory_of(mode: Mode, step: StepCost, weights: Weights, optimizer: str = "adamw") -> int:
    """Bytes of each card at the most in training; `step` is counted with the mode's checkpointing and plain weights."""
    kept = weights.all
    if mode.precision in BITS:
        # one layer at a time is there in the precision of its product
        kept += round(weights.linear * (BITS[mode.precision] / (8 * weights.item) - 1)) + weights.largest_linear
    if mode.stream:
        kept += streamed(weights)
    if mode.divided_by > 1:
        kept += divided(weights, mode.divided_by)
    return step.cost.peak_bytes - weights.all + kept + OPTIMIZER_BYTES[optimizer] * step.trained


def streamed(weights: Weights) -> int:
    """Bytes by which the card holds more when blocks come one by one, a negative number: two are there at a time."""
    return 2 * weights.largest_block - weights.blocks


def divided(weights: Weights, cards: int) -> int:
    """Bytes by which each of several cards holds more when they divide the blocks, mostly a negative number."""
    return GATHERED * weights.largest_block - weights.blocks + math.ceil(weights.blocks / cards)


def with_tokens_divided(step: StepCost, attention: int, weights: Weights, cards: int) -> StepCost:
    """The same step for each of several cards that divide the tokens of a video.

    `attention`: operations of attention of one pass forwards, which diffusers computes once more going back. Weights,
    adapters and their gradients are all on each card; texts, on which all compute the same, are taken to be divided.
    """
    undivided = weights.all + 2 * TRAINED_BYTES * step.trained
    rest = math.ceil(max(0, step.cost.peak_bytes - undivided) / cards)
    return replace(step, cost=Cost((step.cost.flops + attention) // cards, undivided + rest))


def seconds_of(mode: Mode, step: StepCost, weights: Weights, rate: float, link: float = UPLOAD) -> float:
    """Of one pass at `rate` operations a second, with `link` bytes a second from other cards.

    Weights that do not stay come twice, streamed all of them and divided what others hold; only what is slower is
    waited for.
    """
    compute = step.cost.flops / rate
    if mode.stream:
        return max(compute, 2 * weights.blocks / UPLOAD)
    return max(compute, 2 * weights.blocks * (1 - 1 / mode.divided_by) / link)


def fits(needed: float, card_gib: float) -> bool:
    """Whether bytes fit a card, with what is left to others."""
    return needed <= card_gib * 2**30 * (1 - RESERVED)
