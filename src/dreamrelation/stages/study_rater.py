"""`dreamrelation study rater`: what is kept of one rater, written out or deleted, when the rater asks for it."""

import json
from dataclasses import asdict
from pathlib import Path

from dreamrelation.errors import UserError
from dreamrelation.files import appearing
from dreamrelation.study.database import open_database
from dreamrelation.study.folder import open_study
from dreamrelation.study.own_data import own_data
from dreamrelation.study.raters import forget


def run(*, study: Path, rater: int, export: Path | None, delete: bool) -> None:
    """Write the data to `export`, or delete them. Raises UserError where there is no such rater."""
    found = open_study(study)
    database = open_database(found.votes, found.fingerprint)
    unknown = UserError(f"{found.votes}: found no rater {rater}, or one that was deleted")
    if export is not None:
        data = own_data(database, found.groups, rater)
        if data is None:
            raise unknown
        with appearing(export) as beside:
            beside.write_text(json.dumps(asdict(data), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if delete and not forget(database, rater):
        raise unknown
