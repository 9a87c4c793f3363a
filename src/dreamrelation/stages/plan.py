"""`dreamrelation plan`: what an experiment will cost, before it is run."""

import math
from pathlib import Path

from dreamrelation.config import load
from dreamrelation.errors import UserError
from dreamrelation.forecast.calls import calls_told
from dreamrelation.forecast.cards import card_of
from dreamrelation.forecast.counting import Counter
from dreamrelation.forecast.experiment import Forecaster
from dreamrelation.forecast.text import told
from dreamrelation.forecast.work import Forecast
from dreamrelation.planning import Plan


def run(
    *,
    config: list[Path],
    card: str | None = None,
    vram: float | None = None,
    rate: float | None = None,
    share: float | None = None,
) -> Forecast:
    """Print the forecast, and return it.

    `card`: a name of `forecast.cards`, None: the one that is here, measured; `vram` in GiB, `rate` in 10¹² operations a
    second, of which a `share` is taken to be reached, None: the card's. Raises UserError for settings and numbers that
    cannot be used.
    """
    for name, value in (("--vram", vram), ("--rate", rate), ("--share", share)):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise UserError(f"{name} is {value:g}, expected a number above 0")
    if share is not None and share > 1:
        raise UserError(f"--share is {share:g}, expected 1 or less")
    experiment = load(config)
    counter = Counter(experiment.model, experiment.machine)
    chosen = card_of(card, vram, rate)
    found = Forecaster(experiment, counter, chosen, chosen.share if share is None else share).forecast()
    print(told(found))
    calls = Plan(experiment).calls
    if calls:
        frames = {name: experiment.metrics[name].frames_per_call for name in calls}
        print(calls_told(calls, frames, experiment.machine.endpoint))
    return found
