"""Learning rates."""

import math


def warmup_cosine(step: int, steps: int, warmup_steps: int, floor: float = 0.0) -> float:
    """Factor in (0, 1] for step 0 … steps − 1: linear over the warm-up, then half a cosine down to `floor`."""
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    share = (step - warmup_steps) / max(steps - warmup_steps, 1)
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * share))


def warmup_hold_decay(step: int, steps: int, warmup_steps: int, decay_steps: int) -> float:
    """Factor in (0, 1] for step 0 … steps − 1: linear over the warm-up, 1, then linear down over the last steps."""
    return min(1.0, (step + 1) / max(warmup_steps, 1), (steps - step) / max(decay_steps, 1))
