"""The questions in words. Ours, and not the paper's, whose wording is not published."""

from collections.abc import Mapping
from importlib import resources

import yaml

from dreamrelation.relations import Relation, with_article

YES_OR_NO = "Answer with one word, yes or no."
GRADES = "Answer with one number from 1 (not at all) to 5 (beyond doubt)."


def _signs() -> dict[str, str]:
    text = resources.files("dreamrelation.metrics.vision_language").joinpath("signs.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["signs"]


SIGNS = _signs()
"""Relation → by what an observer knows it."""


def wording(relation: Relation, subjects: tuple[str, str], pictures: int, signs: Mapping[str, str], ending: str) -> str:
    """What is asked about `pictures` frames of a video; `signs` go before ours."""
    first, second = map(with_article, subjects)
    sign = signs.get(relation.slug) or SIGNS.get(relation.slug)
    told = f" That is to say: {sign}." if sign else ""
    return (
        f"The {pictures} pictures are frames of one short video, in their order. Look at two things: are both subjects"
        f" there, {first} and {second}, and do they do together what this sentence says, in the way in which two people"
        f' would do it? "{relation.caption(*subjects)}"{told} {ending}'
    )
