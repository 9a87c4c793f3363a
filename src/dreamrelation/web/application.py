"""A web application as all of ours begin."""

from types import ModuleType

from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from dreamrelation import pages
from dreamrelation.web.addresses import LOCAL_NAMES
from dreamrelation.web.body_limit import BodyLimit
from dreamrelation.web.headers import SecurityHeaders
from dreamrelation.web.same_origin import SameOrigin
from dreamrelation.web.shared_files import add_files

MOST_FORM_BYTES = 20_000


def application(title: str, templates: ModuleType, host_names: tuple[str, ...] = LOCAL_NAMES) -> FastAPI:
    """An application that answers to these host names only, with the shared style, scripts and headers.

    Another name in the `Host` header means that a foreign name was made to point here, and is refused. There are no
    pages that describe the interface.
    """
    app = FastAPI(title=title, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(BodyLimit, most_bytes=MOST_FORM_BYTES)
    app.add_middleware(SameOrigin)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(host_names), www_redirect=False)
    app.add_middleware(SecurityHeaders)
    add_files(app, pages, templates)
    return app
