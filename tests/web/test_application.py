"""What every server of ours lets through and what it answers with."""

import socket
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from dreamrelation import pages
from dreamrelation.errors import UserError
from dreamrelation.web.application import application
from dreamrelation.web.serving import serve

BASE = "http://127.0.0.1"


@pytest.fixture
def client() -> TestClient:
    app = application("a test", pages)

    @app.post("/change")
    def change() -> str:  # pyright: ignore[reportUnusedFunction]
        return "changed"

    return TestClient(app, base_url=BASE)


def test_every_answer_forbids_what_its_pages_do_not_need(client: TestClient) -> None:
    for answer in (client.get("/static/base.css"), client.get("/nothing"), client.post("/change")):
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert client.get("/nothing").headers["Cache-Control"] == "no-store"


def test_encrypted_answers_ask_to_stay_encrypted(client: TestClient) -> None:
    assert "Strict-Transport-Security" not in client.get("/nothing").headers
    assert "Strict-Transport-Security" in client.get("https://127.0.0.1/nothing").headers


def test_the_shared_style_is_there_and_nothing_else_of_the_package(client: TestClient) -> None:
    style = client.get("/static/base.css")
    assert style.text == (Path(pages.__file__).parent / "base.css").read_text(encoding="utf-8")
    assert style.headers["Content-Type"].startswith("text/css")
    assert client.get("/static/templates.py").status_code == 404
    assert client.get("/static/..%2Ftemplates.py").status_code == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": BASE}, 200),
        ({"Origin": "http://elsewhere.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_another_sites_page_changes_nothing(client: TestClient, headers: dict[str, str], status: int) -> None:
    assert client.post("/change", headers=headers).status_code == status


def test_a_foreign_name_that_points_here_is_refused(client: TestClient) -> None:
    assert client.get("/static/base.css", headers={"Host": "elsewhere.example"}).status_code == 400
    assert client.get("/static/base.css", headers={"Host": "localhost:8000"}).status_code == 200


def test_a_port_that_is_taken_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"127.0.0.1:{port}: cannot be listened on"):
            serve(application("a test", pages), "127.0.0.1", port, print)
