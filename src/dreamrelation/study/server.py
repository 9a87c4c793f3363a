"""What all answers of the server need: the study, its database, and who is asking."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from dreamrelation.study.database import StudyDatabase
from dreamrelation.study.folder import Study
from dreamrelation.study.raters import Rater
from dreamrelation.study.session import asking, form_token, is_form_token
from dreamrelation.study.showings import Showing, Showings
from dreamrelation.web.rate_limit import RateLimit

TOO_OFTEN = "That was too often; wait a minute."


@dataclass(frozen=True)
class Server:
    """The parts of one running study."""

    study: Study
    database: StudyDatabase
    showings: Showings
    secret: bytes
    wrong_links: RateLimit
    """By address: nobody guesses a token of 192 bits, and nobody shall try."""
    requests: RateLimit
    """By rater."""

    def form_token(self, rater: Rater) -> str:
        """For the forms of this rater's pages."""
        return form_token(self.secret, rater.rater)

    def own_showing(self, rater: Rater, name: str) -> Showing:
        """404 for another's showing, or one that is no more."""
        showing = self.showings.of(rater.rater, name)
        if showing is None:
            raise HTTPException(404, "There is no such group any more; go on with the study.")
        return showing


def server_of(request: Request) -> Server:
    """The server that a request came to."""
    return request.app.state.server


ThisServer = Annotated[Server, Depends(server_of)]


def current_rater(request: Request, server: ThisServer) -> Rater:
    """Who is asking; 401 for somebody who is no rater, 429 for one who asks too often."""
    rater = asking(server.database, request)
    if rater is None:
        raise HTTPException(401, "Please open the link that you were given; this page alone does not know you.")
    if not server.requests.allows(str(rater.rater)):
        raise HTTPException(429, TOO_OFTEN)
    return rater


Asking = Annotated[Rater, Depends(current_rater)]


async def own_form(request: Request, server: ThisServer, rater: Asking) -> FormData:
    """A form that one of the rater's own pages sent; 403 for another one."""
    form = await request.form(max_files=0, max_fields=100)
    if not is_form_token(server.secret, rater.rater, str(form.get("token", ""))):
        raise HTTPException(403, "This page is out of date; go back to the study and try again.")
    return form


OwnForm = Annotated[FormData, Depends(own_form)]
