"""How figures look; the same numbers give the same bytes."""

from typing import Any

STYLE: dict[Any, Any] = {"svg.hashsalt": "dreamrelation", "svg.fonttype": "none", "font.size": 10, "axes.grid": True,
         "grid.linewidth": 0.5, "grid.alpha": 0.5, "axes.spines.top": False, "axes.spines.right": False}  # fmt: skip
