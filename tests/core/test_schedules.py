"""Learning rates and derived randomness."""

import pytest
import torch

from dreamrelation.randomness import derived_seed, generator_for
from dreamrelation.schedules import warmup_cosine


def test_the_rate_rises_linearly_and_falls_by_half_a_cosine() -> None:
    rates = [warmup_cosine(step, 110, 10) for step in range(110)]
    assert rates[:10] == pytest.approx([0.1 * k for k in range(1, 11)])
    assert max(rates) == 1.0 and rates[10] == 1.0
    assert warmup_cosine(60, 110, 10) == pytest.approx(0.5)
    assert warmup_cosine(110, 110, 10, floor=0.05) == pytest.approx(0.05)
    assert warmup_cosine(0, 10, 0) == 1.0


def test_seeds_differ_by_every_part_and_repeat() -> None:
    seeds = {
        derived_seed(seed, purpose, step) for seed in (0, 1) for purpose in ("noise", "sigma") for step in range(50)
    }
    assert len(seeds) == 200 and all(0 <= seed < 2**31 for seed in seeds)
    first, again = (torch.randn(3, generator=generator_for(0, "noise", 7)) for _ in range(2))
    assert torch.equal(first, again)
