"""What became of every clip that was found."""

from collections import Counter
from dataclasses import dataclass

from dreamrelation.report.titles import relation_title
from dreamrelation.tables.rows import IndexedClip, cause

VERDICTS = ("selected", "held out", "spare", "refused")


@dataclass(frozen=True)
class Accounted:
    """The clips that were found, by what became of them."""

    columns: list[str]
    rows: list[tuple[str, str, list[int], int]]
    """Verdict, cause, number per column, sum."""
    totals: list[int]


def accounted(index: list[IndexedClip], relations: tuple[str, ...]) -> Accounted:
    """Refusals are counted by their short cause; clips of no asked relation stand in a column of their own."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for row in index:
        place = row.relation if row.relation in relations else ""
        counts.setdefault((row.verdict, cause(row.reason)), Counter())[place] += 1
    places = list(relations)
    if any("" in counter for counter in counts.values()):
        places.append("")

    def order(key: tuple[str, str]) -> tuple[int, int, str]:
        known = VERDICTS.index(key[0]) if key[0] in VERDICTS else len(VERDICTS)
        return known, -counts[key].total(), key[1]

    rows = [(*key, [counts[key][place] for place in places], counts[key].total()) for key in sorted(counts, key=order)]
    titles = [relation_title(place) if place else "Other" for place in places]
    totals = [sum(counter[place] for counter in counts.values()) for place in places]
    return Accounted(titles, rows, [*totals, len(index)])
