"""The pages of the study, of a few facts that tell nothing about methods."""

from dataclasses import dataclass

from fastapi.responses import HTMLResponse

from dreamrelation.pages.templates import environment
from dreamrelation.study import templates
from dreamrelation.study.folder import Study
from dreamrelation.study.questions import Form, Question, letters
from dreamrelation.study.showings import Showing

FOUND = environment(templates)
REFERENCE = "reference"


@dataclass(frozen=True)
class Candidate:
    """One video of a group, as it is named on the page."""

    letter: str
    address: str


@dataclass(frozen=True)
class AskedQuestion:
    """A question on the page, with what was answered so far."""

    name: str
    text: str
    single: bool
    given: tuple[str, ...]
    missing: bool


def message(title: str, *paragraphs: str, status: int = 200, is_rater: bool = True, again_in: int = 0) -> HTMLResponse:
    """A page with some sentences; asks for itself again after so many seconds, unless 0."""
    page = FOUND.get_template("message.html.j2").render(
        title=title, paragraphs=paragraphs, is_rater=is_rater, again_in=again_in
    )
    return HTMLResponse(page, status)


def consent_page(study: Study, rater: int, token: str) -> HTMLResponse:
    """What a rater agrees to before anything is shown."""
    page = FOUND.get_template("consent.html.j2").render(
        consent=[part.strip() for part in study.settings.consent.split("\n\n") if part.strip()],
        contact=study.settings.contact,
        total=study.sequence(rater).total,
        videos=len(study.methods),
        token=token,
    )
    return HTMLResponse(page)


def group_page(
    study: Study,
    showing: Showing,
    rater: int,
    token: str,
    answered: int,
    form: Form | None = None,
    missing: tuple[str, ...] = (),
) -> HTMLResponse:
    """One group with its questions; after incomplete answers with those that were given, and status 422."""
    group = study.group(showing.group)
    named = letters(len(showing.places))
    page = FOUND.get_template("group.html.j2").render(
        showing=showing.showing,
        prompt=group.prompt,
        shown=group.shown,
        reference=video_address(showing, REFERENCE),
        candidates=[Candidate(letter, video_address(showing, letter)) for letter in named],
        questions=[_asked(question, group.shown, form, missing) for question in study.questions],
        missing=_sentence(study.questions, missing),
        answered=answered,
        total=study.sequence(rater).total,
        token=token,
        width=study.width,
        height=study.height,
    )
    return HTMLResponse(page, 422 if missing else 200)


def video_address(showing: Showing, name: str) -> str:
    """Names nothing but the showing and the letter."""
    return f"/video/{showing.showing}/{name}.mp4"


def my_data_page(rater: int, answered: int, token: str) -> HTMLResponse:
    """What is kept of a rater, and how to have it deleted."""
    return HTMLResponse(FOUND.get_template("my_data.html.j2").render(rater=rater, answered=answered, token=token))


def _asked(question: Question, shown: str, form: Form | None, missing: tuple[str, ...]) -> AskedQuestion:
    given = () if form is None else tuple(str(value) for value in form.getlist(question.name))
    return AskedQuestion(question.name, question.asked(shown), question.single, given, question.name in missing)


def _sentence(questions: tuple[Question, ...], missing: tuple[str, ...]) -> str:
    numbers = [str(number) for number, question in enumerate(questions, 1) if question.name in missing]
    if not numbers:
        return ""
    return f"Please answer question {' and '.join(numbers)} too."
