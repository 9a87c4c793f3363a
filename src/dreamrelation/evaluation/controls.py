"""Controls of the judge: clips whose truth is known.

On the relation's own exemplars it should say yes (positive), on exemplars of other relations no (negative). A method's
relation accuracy means little where these are not near 1 and 0.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from dreamrelation.evaluation.intervals import wilson
from dreamrelation.evaluation.judge import Judge
from dreamrelation.settings.experiment import ExperimentSettings

Row = Mapping[str, Any]


def controls(
    settings: ExperimentSettings,
    relation: str,
    judge: Judge,
    rows: Iterable[Row],
    read_frames: Callable[[Row, int, int], np.ndarray],
) -> dict[str, dict[str, float | int] | None]:
    """How often the judge sees `relation` in exemplars that show it, and in those that show another relation.

    rows are of `tables.SELECTION`; read_frames(row, height, width) gives (F, height, width, 3) uint8. None where there
    is no such exemplar.
    """
    judge.check_relation(relation)
    size = settings.clips.height, settings.clips.width
    seen: dict[str, list[bool]] = {"positive": [], "negative": []}
    for row in rows:
        side = "positive" if row["relation"] == relation else "negative"
        seen[side].append(judge.ask(read_frames(row, *size)).motion == relation)
    return {side: _share(answers, settings.evaluation.confidence) for side, answers in seen.items()}


def _share(answers: list[bool], confidence: float) -> dict[str, float | int] | None:
    if not answers:
        return None
    interval = wilson(sum(answers), len(answers), confidence)
    return {"mean": interval.mean, "low": interval.low, "high": interval.high, "count": len(answers)}
