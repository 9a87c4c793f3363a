"""All that is kept of one rater, for the rater: what was seen and answered, and nothing about methods."""

from dataclasses import dataclass

from dreamrelation.study.database import StudyDatabase, unpacked
from dreamrelation.study.groups import Group
from dreamrelation.study.questions import letters


@dataclass(frozen=True)
class OwnAnswer:
    """One answer."""

    number: int
    """Of the showing, counted from 1."""
    prompt: str
    question: str
    chosen: tuple[str, ...]
    """Letters, as they stood on the page."""
    shown_at: float
    """Seconds since 1970."""
    answered_at: float


@dataclass(frozen=True)
class OwnData:
    """Of one rater."""

    rater: int
    invited_at: float
    consented_at: float | None
    finished_at: float | None
    answers: list[OwnAnswer]


def own_data(database: StudyDatabase, groups: list[Group], rater: int) -> OwnData | None:
    """None where there is no such rater, or no more."""
    prompts = {group.group: group.prompt for group in groups}
    with database.reading() as connection:
        found = connection.execute("SELECT * FROM raters WHERE rater = ? AND forgotten IS NULL", (rater,)).fetchone()
        rows = connection.execute(
            "SELECT * FROM votes JOIN showings USING (showing) WHERE rater = ? ORDER BY vote", (rater,)
        ).fetchall()
    if found is None:
        return None
    answers = []
    for row in rows:
        places = unpacked(row["places"])
        chosen = tuple(letters(len(places))[places.index(place)] for place in unpacked(row["chosen"]))
        answers.append(
            OwnAnswer(
                row["number"] + 1, prompts[row["group_number"]], row["question"], chosen, row["shown"], row["given"]
            )
        )
    return OwnData(rater, found["invited"], found["consented"], found["finished"], answers)
