"""Ways to train a model in less memory, what each takes, and the fastest one that fits a card."""

from dataclasses import dataclass

from dreamrelation.forecast.counting import StepCost, Weights

CHECKPOINTING = (0, 2, 1)
"""Of every n-th block; 0: none. From the fastest to the one that takes the least memory."""
OPTIMIZER_BYTES = {"adamw": 8, "adamw_8bit": 2}
"""Of the two moments of each trained number."""
BITS = {"int8": 8, "float8": 8, "nf4": 4.25}
"""Of a quantised weight, its scales included."""
UPLOAD = 20e9
"""Bytes a second from pinned memory to a card, PCIe 4.0 with 16 lanes."""
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

    @property
    def settings(self) -> str:
        """As one would write it into a configuration."""
        checkpointing = "false" if not self.every else "true" if self.every == 1 else str(self.every)
        parts = [f"gradient_checkpointing: {checkpointing}", f"precision.denoiser: {self.precision}"]
        return ", ".join([*parts, *(["stream_weights: true"] if self.stream else [])])


def modes_of(precision: str) -> list[Mode]:
    """What may be tried for a model whose settings ask for `precision`, those that change no number first."""
    exact = [Mode(every, precision) for every in CHECKPOINTING]
    if precision in BITS:
        return exact
    smaller = [Mode(every, kept) for kept in ("int8", "nf4") for every in CHECKPOINTING]
    return [*exact, Mode(1, precision, stream=True), *smaller]


def memory_of(mode: Mode, step: StepCost, weights: Weights, optimizer: str = "adamw") -> int:
    """Bytes at the most in training; `step` is counted with the mode's checkpointing and plain weights."""
    kept = weights.all
    if mode.precision in BITS:
        # one layer at a time is there in the precision of its product
        kept += round(weights.linear * (BITS[mode.precision] / (8 * weights.item) - 1)) + weights.largest_linear
    if mode.stream:
        kept += streamed(weights)
    return step.cost.peak_bytes - weights.all + kept + OPTIMIZER_BYTES[optimizer] * step.trained


def streamed(weights: Weights) -> int:
    """Bytes by which the card holds more when blocks come one by one, a negative number: two are there at a time."""
    return 2 * weights.largest_block - weights.blocks


def seconds_of(mode: Mode, step: StepCost, weights: Weights, rate: float) -> float:
    """Of one pass at `rate` operations a second; streamed weights come twice, and only what is slower is waited for."""
    compute = step.cost.flops / rate
    return max(compute, 2 * weights.blocks / UPLOAD) if mode.stream else compute


def fits(needed: float, card_gib: float) -> bool:
    """Whether bytes fit a card, with what is left to others."""
    return needed <= card_gib * 2**30 * (1 - RESERVED)
