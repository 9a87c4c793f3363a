"""The server of the study, put together."""

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from dreamrelation.study import pages, templates
from dreamrelation.study.database import StudyDatabase
from dreamrelation.study.folder import Study
from dreamrelation.study.routes import ROUTES
from dreamrelation.study.server import Server, server_of
from dreamrelation.study.session import asking
from dreamrelation.study.showings import Showings
from dreamrelation.web.application import application
from dreamrelation.web.rate_limit import RateLimit

WRONG_LINKS_PER_MINUTE = 20


def study_app(study: Study, database: StudyDatabase, host_names: tuple[str, ...], requests_per_minute: int) -> FastAPI:
    """The application; `requests_per_minute` is what one rater's browser may ask, videos and their parts included."""
    app = application("Video study", templates, host_names)
    settings = study.settings
    app.state.server = Server(
        study=study,
        database=database,
        showings=Showings(database, study.groups, settings.raters, 60 * settings.lease_minutes),
        secret=database.secret,
        wrong_links=RateLimit(WRONG_LINKS_PER_MINUTE, 60),
        requests=RateLimit(requests_per_minute, 60),
    )
    app.include_router(ROUTES)
    app.add_exception_handler(HTTPException, _refused)
    return app


def _refused(request: Request, error: Exception) -> Response:
    status, detail = (error.status_code, error.detail) if isinstance(error, HTTPException) else (500, "")
    known = asking(server_of(request).database, request) is not None
    return pages.message("That did not work", str(detail), status=status, is_rater=known)
