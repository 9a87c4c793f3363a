"""Masked reconstruction, section 3.3 of the paper."""

from typing import Literal

from torch import Tensor


def region_loss(
    predicted: Tensor,
    target: Tensor,
    mask: Tensor,
    weight: float,
    weighting: Literal["linear", "released_code"] = "linear",
) -> Tensor:
    """Mean over all cells of (λ_m·M + 1)·(v̂ − v)².

    predicted, target: (B, C, f, h, w); mask: (B, f, h, w) in [0, 1]; weight: λ_m.
    `released_code` puts the weight inside the square: ((λ_m·M + 1)·(v̂ − v))². Raises ValueError on other shapes.
    """
    if predicted.shape != target.shape or mask.shape != predicted.shape[:1] + predicted.shape[2:]:
        raise ValueError(
            f"found predicted {tuple(predicted.shape)}, target {tuple(target.shape)}, mask {tuple(mask.shape)};"
            " expected (B, C, f, h, w) twice and (B, f, h, w)"
        )
    importance = (weight * mask + 1).unsqueeze(1)
    error = predicted - target
    if weighting == "released_code":
        return ((importance * error) ** 2).mean()
    return (importance * error**2).mean()
