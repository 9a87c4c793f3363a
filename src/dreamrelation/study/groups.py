"""The groups of a study: which videos are shown together, and whose they are. This is the key, kept on the server."""

from dataclasses import dataclass

import numpy as np

from dreamrelation.errors import UserError
from dreamrelation.tables.table import Table

MAIN, CHECK = "main", "check"


@dataclass(frozen=True)
class Group:
    """Videos that are shown together, in the methods' order; raters see them in others."""

    group: int
    kind: str
    """MAIN, or CHECK: all videos but one are spoilt, so that there is an evident answer."""
    relation: str
    shown: str
    """The relation in words, such as "shaking hands with"."""
    prompt: str
    repeat: int
    reference: str
    """File of a real clip that shows the relation."""
    videos: tuple[str, ...]
    """Files, from the study's folder."""
    made_from: tuple[str, ...]
    """Names of the generated videos."""
    evident: int | None
    """Place in `videos` of the one that is not spoilt; None in a MAIN group."""


GROUPS = Table("study/groups", Group)


@dataclass(frozen=True)
class Case:
    """One prompt and repeat of a relation, of which each method made a video."""

    relation: str
    prompt: str
    repeat: int


def choose(cases: list[Case], count: int | None, seed: int) -> list[Case]:
    """`count` of the cases in their own order: evenly of each relation, in it evenly of each prompt, by the seed.

    All where `count` is None. Raises UserError where there are fewer.
    """
    if count is None:
        return cases
    if count > len(cases):
        raise UserError(f"study.groups is {count}, but each method made {len(cases)} videos")
    rng = np.random.default_rng([seed, *b"study groups"])
    taken: list[Case] = []
    left = {relation: _by_prompts(cases, relation, rng) for relation in dict.fromkeys(case.relation for case in cases)}
    while len(taken) < count:
        for relation in rng.permutation(sorted(name for name, of in left.items() if of)):
            if len(taken) < count:
                taken.append(left[relation].pop())
    chosen = set(taken)
    return [case for case in cases if case in chosen]


def _by_prompts(cases: list[Case], relation: str, rng: np.random.Generator) -> list[Case]:
    """A relation's cases, to be taken from the end: each prompt once before any comes twice."""
    prompts: dict[str, list[Case]] = {}
    for case in cases:
        if case.relation == relation:
            prompts.setdefault(case.prompt, []).append(case)
    rounds: list[Case] = []
    for number in range(max(map(len, prompts.values()))):
        names = [name for name, of in prompts.items() if len(of) > number]
        rounds += [prompts[names[place]][number] for place in rng.permutation(len(names))]
    return rounds[::-1]
