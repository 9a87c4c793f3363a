"""`dreamrelation study serve`: shows the groups to raters and keeps their votes, until it is stopped."""

import sys
from pathlib import Path
from urllib.parse import urlsplit

from dreamrelation.errors import UserError
from dreamrelation.study.app import study_app
from dreamrelation.study.database import open_database
from dreamrelation.study.folder import INVITATIONS_FILE, open_study
from dreamrelation.web.host_names import host_names, is_for_others
from dreamrelation.web.serving import serve

REQUESTS_PER_MINUTE = 1200
"""Of one rater: browsers ask for videos in parts, and some dozens of parts make a page."""


def run(*, study: Path, host: str, port: int, public_address: str | None) -> None:
    """Answer requests at `host`:`port`; `public_address` is where raters reach it, through a proxy in front of it.

    Raises UserError where there is no study, or the address cannot be used.
    """
    found = open_study(study)
    database = open_database(found.votes, found.fingerprint)
    names = host_names(host, _host_name(public_address), "--public-address")
    if is_for_others(host):
        print(f"Warning: what others send to {host} is not encrypted; see docs/user_study.md.", file=sys.stderr)
    app = study_app(found, database, names, REQUESTS_PER_MINUTE)

    def announce(address: str) -> None:
        print(
            f"The study of {len(found.main_groups)} groups is open at {address}; Ctrl-C ends it, and it can be begun"
            f" again at any time.\nEach rater's link is {public_address or address}/join/TOKEN, with the tokens of"
            f" {study / INVITATIONS_FILE}.",
            flush=True,
        )

    serve(app, host, port, announce)


def _host_name(address: str | None) -> list[str]:
    if address is None:
        return []
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise UserError(f"--public-address is {address!r}, expected one such as https://study.example.org")
    return [parts.hostname]
