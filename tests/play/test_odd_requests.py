"""Requests that nobody means well by: the pages answer each, make nothing of them, and keep what was made."""

from pathlib import Path
from urllib.parse import quote

from fastapi.testclient import TestClient
from tests.play.fake import FIRST, FakeMaker, until
from tests.web.fuzzing import odd_requests

from dreamrelation.files import file_sha256
from dreamrelation.play.app import play_app
from dreamrelation.play.desk import Desk
from dreamrelation.play.form import Typed


def kept(folder: Path) -> dict[str, str]:
    """File → digest."""
    return {str(path.relative_to(folder)): file_sha256(path) for path in folder.rglob("*") if path.is_file()}


def test_odd_requests_are_answered_and_change_nothing(desk: Desk, maker: FakeMaker, tmp_path: Path) -> None:
    app = play_app(desk)
    client = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)
    client.post("/requests", data=Typed.of(FIRST).model_dump())
    maker.let(8)
    until(lambda: not desk.queue.requests)
    (id,) = desk.history.ids()
    (tmp_path / "secret.mp4").write_bytes(b"a secret")
    before = kept(tmp_path)
    own = [f"/requests/{id}", f"/requests/{id}/cancel", f"/videos/{id}/base.mp4", f"/videos/{id}/base.jpg"]
    paths = ["/", "/requests", "/new-seed", "/state", "/videos/../secret.mp4", "/static/player.js", *own]
    fields = ["subject1", "subject2", "place", "methods", "seed", "strength", "steps", "page", "again"]
    statuses: list[int] = []
    for request in odd_requests(paths, fields, 300, seed=3):
        path = quote(request.path, safe="/%")
        answer = client.request(request.method, path, headers=request.headers, content=request.body)
        assert answer.status_code < 500, (request, answer.text)
        assert b"Traceback" not in answer.content and b"a secret" not in answer.content
        assert b"<script>alert" not in answer.content
        assert "Content-Security-Policy" in answer.headers
        statuses.append(answer.status_code)
    assert len(statuses) == 300 and {200, 303, 404, 405, 422} <= set(statuses), "forms and pages were reached"
    assert len(maker.made) == 1 and not desk.queue.requests and kept(tmp_path) == before
    assert client.get(f"/requests/{id}").status_code == 200


def test_odd_queries_are_answered(desk: Desk) -> None:
    client = TestClient(play_app(desk), base_url="http://127.0.0.1", follow_redirects=False)
    for number, request in enumerate(odd_requests(["/x"], ["page", "again", "seed"], 100, seed=3)):
        query = request.body if number % 2 else quote(request.body).encode()
        raw = quote(query, safe="=&%")
        answer = client.get(f"/?{raw}")
        assert answer.status_code == 200 and b"<script>alert" not in answer.content
