"""The addresses of the study. Nothing that they answer tells which method made a video."""

import os
import stat
from dataclasses import asdict
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException

from dreamrelation.study import pages
from dreamrelation.study.folder import Study
from dreamrelation.study.own_data import own_data
from dreamrelation.study.questions import letters, read_answers
from dreamrelation.study.raters import consent, forget, rater_of
from dreamrelation.study.server import TOO_OFTEN, Asking, OwnForm, ThisServer
from dreamrelation.study.session import COOKIE, remember
from dreamrelation.study.showings import Nothing, Showing

ROUTES = APIRouter()
WAIT_SECONDS = 30


@ROUTES.get("/health")
def health() -> Response:
    """For a proxy that wants to know whether the server lives."""
    return Response("ok", media_type="text/plain")


@ROUTES.get("/join/{token}")
def join(token: str, request: Request, server: ThisServer) -> Response:
    """A rater's link."""
    address = request.client.host if request.client else ""
    if rater_of(server.database, token) is None:
        if not server.wrong_links.allows(address):
            raise HTTPException(429, TOO_OFTEN)
        raise HTTPException(401, "This link is not valid; ask those who sent it for another one.")
    response = RedirectResponse("/", 303)
    remember(response, request, token)
    return response


@ROUTES.get("/")
def next_group(server: ThisServer, rater: Asking) -> Response:
    """What the rater is to do next."""
    if not rater.consented:
        return pages.consent_page(server.study, rater.rater, server.form_token(rater))
    found = server.showings.next(server.study.sequence(rater.rater))
    if found is Nothing.FINISHED:
        return pages.message("Thank you", "You have seen everything, and all of your answers are kept.")
    if isinstance(found, Nothing):
        return pages.message(
            "A moment, please",
            "Others are looking at the groups that are left. This page asks again by itself; you can also come back"
            " later with the same link.",
            again_in=WAIT_SECONDS,
        )
    answered = server.showings.answered_count(rater.rater)
    return pages.group_page(server.study, found, rater.rater, server.form_token(rater), answered)


@ROUTES.post("/consent")
def agree(server: ThisServer, rater: Asking, form: OwnForm) -> Response:
    """The rater agrees to take part."""
    consent(server.database, rater.rater)
    return RedirectResponse("/", 303)


@ROUTES.post("/answer/{name}")
def answer(name: str, server: ThisServer, rater: Asking, form: OwnForm) -> Response:
    """The answers to a group; sent twice they are kept once."""
    showing = server.own_showing(rater, name)
    if not showing.answered:
        answers = read_answers(form, server.study.questions, showing.places)
        if answers.missing:
            answered, token = server.showings.answered_count(rater.rater), server.form_token(rater)
            return pages.group_page(server.study, showing, rater.rater, token, answered, form, answers.missing)
        server.showings.answer(showing, answers)
    return RedirectResponse("/", 303)


@ROUTES.get("/video/{name}/{letter}.mp4")
def video(name: str, letter: str, server: ThisServer, rater: Asking) -> Response:
    """A video of a group that the rater was shown, by its letter there."""
    path = _file(server.study, server.own_showing(rater, name), letter)
    # Neither the time of change nor a digest of it stands in the headers, whatever copied the folder.
    neutral = os.stat_result((stat.S_IFREG, 0, 0, 0, 0, 0, path.stat().st_size, 0, 0, 0))
    headers = {"Cache-Control": "private, max-age=3600"}
    return FileResponse(path, media_type="video/mp4", headers=headers, stat_result=neutral)


@ROUTES.get("/my-data")
def my_data(server: ThisServer, rater: Asking) -> Response:
    """What is kept of the rater, in words."""
    return pages.my_data_page(rater.rater, server.showings.answered_count(rater.rater), server.form_token(rater))


@ROUTES.get("/my-data.json")
def my_data_file(server: ThisServer, rater: Asking) -> Response:
    """The same, all of it."""
    found = own_data(server.database, server.study.groups, rater.rater)
    return JSONResponse(None if found is None else asdict(found))


@ROUTES.post("/forget")
def forget_me(server: ThisServer, rater: Asking, form: OwnForm) -> Response:
    """Delete what is kept of the rater."""
    if form.get("sure") != "yes":
        raise HTTPException(403, "Nothing was deleted: tick the box to delete everything.")
    forget(server.database, rater.rater)
    response = pages.message("Deleted", "Nothing about you is kept any more. Thank you.", is_rater=False)
    response.delete_cookie(COOKIE)
    return response


def _file(study: Study, showing: Showing, letter: str) -> Path:
    group = study.group(showing.group)
    names = letters(len(showing.places))
    if letter == pages.REFERENCE:
        return study.folder / group.reference
    if len(letter) == 1 and letter in names:
        return study.folder / group.videos[showing.places[names.index(letter)]]
    raise HTTPException(404, "There is no such video.")
