"""Noise levels of sampling, compared with diffusers' own."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from diffusers import FlowMatchEulerDiscreteScheduler
from diffusers.pipelines.mochi.pipeline_mochi import linear_quadratic_schedule

from dreamrelation.backbone_spec import Schedule
from dreamrelation.sampling.schedules import noise_levels


@pytest.mark.parametrize("schedule", [Schedule("linear_quadratic", 0.025), Schedule("shifted", 3.0)])
@pytest.mark.parametrize("steps", [2, 24, 64])
def test_levels_fall_from_one_to_zero(schedule: Schedule, steps: int) -> None:
    sigmas = noise_levels(schedule, steps)
    assert len(sigmas) == steps + 1 and sigmas[0] == 1.0 and sigmas[-1] == 0.0
    assert all(a > b for a, b in pairwise(sigmas))


@pytest.mark.parametrize(("steps", "threshold"), [(64, 0.025), (8, 0.1), (2, 0.025)])
def test_linear_quadratic_is_that_of_the_mochi_pipeline(steps: int, threshold: float) -> None:
    ours = noise_levels(Schedule("linear_quadratic", threshold), steps)
    np.testing.assert_allclose(ours, [*linear_quadratic_schedule(steps, threshold), 0.0], rtol=0, atol=1e-12)
    assert abs(ours[steps // 2] - (1 - threshold)) < 1e-12


@pytest.mark.parametrize("shift", [1.0, 3.0, 5.0])
def test_shifted_is_that_of_diffusers_flow_matching(shift: float) -> None:
    steps = 10
    scheduler: Any = FlowMatchEulerDiscreteScheduler(shift=shift)
    scheduler.set_timesteps(sigmas=[1 - k / steps for k in range(steps)])
    np.testing.assert_allclose(noise_levels(Schedule("shifted", shift), steps), scheduler.sigmas.numpy(), atol=1e-6)


def test_an_odd_number_of_steps_is_refused() -> None:
    with pytest.raises(ValueError, match="found 7 sampling steps"):
        noise_levels(Schedule("linear_quadratic", 0.025), 7)
