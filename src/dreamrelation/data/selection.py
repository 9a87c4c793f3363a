"""Choosing the clips of one relation among the good ones."""

from collections import Counter
from dataclasses import dataclass

from dreamrelation.data.inspection import Inspection
from dreamrelation.errors import UserError
from dreamrelation.files import fingerprint
from dreamrelation.relations import Relation
from dreamrelation.settings.data import ClipSettings
from dreamrelation.tables.rows import cause

PURPOSE = "choice of clips"
"""Sets the choice's random order apart from others."""


@dataclass(frozen=True)
class Choice:
    """The clips of one relation; all windows have one length, as their latents are one table."""

    relation: str
    pixel_frames: int
    clips: tuple[str, ...]
    """To learn from; sorted."""
    held_out: tuple[str, ...]
    """Of other performances than `clips`, not to learn from; sorted."""
    fallback: str
    """Why the windows are not of the longest length; empty where they are."""


def choose(relation: Relation, inspections: list[Inspection], settings: ClipSettings, seed: int) -> Choice:
    """Choose up to `per_relation` clips of the first length at which so many are good, and up to `held_out` more.

    If that is no length, of the one that gives most, the longest of those. Raises UserError with the counts and the
    commonest reasons where that is less than `minimum`.
    """
    good = {length: [i for i in inspections if length in i.fits] for length in settings.pixel_frames}
    enough = [length for length in settings.pixel_frames if len(good[length]) >= settings.per_relation]
    length = enough[0] if enough else max(settings.pixel_frames, key=lambda length: (len(good[length]), length))
    if len(good[length]) < settings.minimum:
        raise UserError(_too_few(relation, inspections, good, settings, length))
    facets = {inspection.found.clip: inspection.found.facets for inspection in good[length]}
    clips = spread(facets, settings.per_relation, seed)
    performances = {facets[clip][0] for clip in clips}
    others = {clip: own for clip, own in facets.items() if own[0] not in performances}
    held_out = spread(others, settings.held_out, seed)
    longer = [f"{len(good[other])} of {other} frames" for other in settings.pixel_frames if other > length]
    fallback = f"only {' and '.join(longer)} are good, expected {settings.per_relation}" if longer else ""
    return Choice(relation.slug, length, tuple(sorted(clips)), tuple(sorted(held_out)), fallback)


def spread(facets: dict[str, tuple[object, ...]], count: int, seed: int) -> list[str]:
    """Up to `count` of the clips, at random, but with facets that are not there yet before those that are: the first
    facet (of NTU RGB+D the performance, so that no second camera shows the same) before the others.

    Each clip has a random place of its own in the order, so that where one is taken away, the others stay as far as
    they can.
    """
    order = sorted(facets, key=lambda clip: fingerprint(purpose=PURPOSE, seed=seed, clip=clip))
    seen: Counter[tuple[int, object]] = Counter()
    chosen: list[str] = []
    while order and len(chosen) < count:
        clip = min(order, key=lambda clip: [seen[facet] for facet in enumerate(facets[clip])])
        order.remove(clip)
        seen.update(enumerate(facets[clip]))
        chosen.append(clip)
    return chosen


def _too_few(
    relation: Relation,
    inspections: list[Inspection],
    good: dict[int, list[Inspection]],
    settings: ClipSettings,
    length: int,
) -> str:
    counts = ", ".join(f"{len(clips)} of {frames} frames" for frames, clips in good.items())
    reasons = Counter(cause(i.refusals[length]) for i in inspections if length in i.refusals)
    common = ", ".join(f"{number} {reason}" for reason, number in reasons.most_common(5)) or "no clip of it was found"
    name = f"{relation.slug} ({relation.label})" if relation.label else relation.slug
    return (
        f"{name}: found {counts} among {len(inspections)} clips, expected at least"
        f" {settings.minimum}; refused at {length} frames: {common}"
    )
