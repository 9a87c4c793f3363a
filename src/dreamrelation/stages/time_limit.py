"""How long a command may take before it stops by itself, with what it has done kept."""

import math

from dreamrelation.errors import UserError


def check_minutes(minutes: float | None) -> None:
    """Raise UserError unless this is a time that a command may take, or None."""
    if minutes is not None and not (math.isfinite(minutes) and minutes > 0):
        raise UserError(f"--minutes is {minutes:g}, expected a number of minutes above 0")
