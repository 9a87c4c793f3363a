"""Studies that several tests look at."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.study.small_study import write_study

from dreamrelation.study.app import study_app
from dreamrelation.study.database import open_database
from dreamrelation.study.folder import INVITATIONS_FILE, Study
from dreamrelation.study.invitations import read_invitations
from dreamrelation.web.addresses import LOCAL_NAMES

BASE = "http://127.0.0.1"


class OpenStudy:
    """A study and its server, without a network."""

    def __init__(self, study: Study, requests_per_minute: int = 100_000) -> None:
        self.study = study
        self.database = open_database(study.votes, study.fingerprint)
        self.app = study_app(study, self.database, LOCAL_NAMES, requests_per_minute)
        self.tokens = {one.rater: one.token for one in read_invitations(study.folder / INVITATIONS_FILE)}

    def client(self, rater: int | None = None, consented: bool = True) -> TestClient:
        """A rater's browser; that of a stranger without one."""
        client = TestClient(self.app, base_url=BASE)
        if rater is not None:
            assert client.get(f"/join/{self.tokens[rater]}").status_code == 200
            if consented:
                token = client.get("/").text.partition('name="token" value="')[2].partition('"')[0]
                assert client.post("/consent", data={"token": token}).status_code == 200
        return client


@pytest.fixture
def open_study(tmp_path: Path) -> Callable[..., OpenStudy]:
    """Makes a study of so many groups and opens it; the other settings are the study's."""

    def make(groups: int = 3, requests_per_minute: int = 100_000, **settings: Any) -> OpenStudy:
        wanted = {"raters": 3, "checks": 1, "repeats": 0.0, **settings}
        return OpenStudy(write_study(tmp_path / "study", groups, **wanted), requests_per_minute)

    return make
