"""Who is asking: the rater's token in a cookie, and the token of forms that only our own pages have."""

import hashlib
import hmac

from fastapi import Request, Response

from dreamrelation.study.database import StudyDatabase
from dreamrelation.study.raters import Rater, rater_of

COOKIE = "study"
DAYS_KEPT = 90


def remember(response: Response, request: Request, token: str) -> None:
    """Put the token into the browser; scripts cannot read it, and other sites' pages do not send it."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=DAYS_KEPT * 24 * 3600,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def asking(database: StudyDatabase, request: Request) -> Rater | None:
    """The rater whose token came with the request."""
    token = request.cookies.get(COOKIE)
    return None if token is None else rater_of(database, token)


def form_token(secret: bytes, rater: int) -> str:
    """Stands in each form of this rater's pages."""
    return hmac.new(secret, f"form of rater {rater}".encode(), hashlib.sha256).hexdigest()


def is_form_token(secret: bytes, rater: int, given: str) -> bool:
    """Whether a form came from one of this rater's pages."""
    return hmac.compare_digest(form_token(secret, rater).encode(), given.encode())
