"""The pages over HTTP: what they take, what they refuse, and what they show."""

import re
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.play.fake import FIRST, FakeMaker, until

from dreamrelation.play.app import play_app
from dreamrelation.play.desk import Desk
from dreamrelation.play.form import Typed

BASE = "http://127.0.0.1"
PAYLOAD = '"><script>alert(1)</script>'


@pytest.fixture
def client(desk: Desk) -> TestClient:
    return TestClient(play_app(desk), base_url=BASE, follow_redirects=False)


def form(**over: Any) -> dict[str, Any]:
    return {**Typed.of(FIRST).model_dump(), **over}


def finished(desk: Desk, maker: FakeMaker, **over: Any) -> str:
    """Id of a request that was made by the page."""
    client = TestClient(play_app(desk), base_url=BASE, follow_redirects=False)
    assert client.post("/requests", data=form(**over)).status_code == 303
    maker.let(8)
    until(lambda: not desk.queue.requests)
    assert desk.queue.last is not None and desk.queue.last.problem is None
    return desk.queue.last.request.id


def test_the_form_shows_what_can_be_asked_for(client: TestClient) -> None:
    page = client.get("/").text
    assert 'value="dog" list="subjects"' in page and 'name="seed" value="7"' in page
    assert re.search(r'value="base" checked>\s*Base model', page)
    assert re.search(r'value="late" disabled>\s*Late', page) and "<code>snakemake results/late</code>" in page
    assert "Nothing is being made." in page and "Nothing was made yet." in page
    assert "noscript" not in page


def test_a_request_goes_from_the_form_to_the_history(client: TestClient, desk: Desk, maker: FakeMaker) -> None:
    answer = client.post("/requests", data=form(subject1="frog", place="in a library", strength="0.5"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/#now")
    maker.let(1)
    until(lambda: client.get("/state").json()["running"]["done"] == 1)
    state = client.get("/state").json()
    assert state["running"]["total"] == 10 and state["running"]["doing"] == "base: step 2 of 4"
    assert "left" in state["running"]["left"] and state["waiting"] is None
    page = client.get("/").text
    assert '<progress id="bar" aria-label="Progress" max="10" value="1">' in page
    assert '<noscript><meta http-equiv="refresh" content="3;url=/"></noscript>' in page
    assert "frog and cat in a library" in page and 'value="frog"' in page, "the form keeps what was asked for"
    id = state["running"]["id"]
    assert client.get(f"/requests/{id}").headers["location"] == "/#now"
    maker.let(7)
    until(lambda: client.get("/state").json()["running"] is None)
    assert client.get("/state").json()["finished"] == id and client.get("/state").json()["mark"] != state["mark"]
    order = maker.made[0]
    assert (order.subjects, order.place, order.strength) == (("frog", "cat"), "in a library", 0.5)
    for address in ("/", f"/requests/{id}"):
        page = client.get(address).text
        assert "A frog is hugging a cat." in page and "data-together" in page
        assert page.index(f"/videos/{id}/base.mp4") < page.index(f"/videos/{id}/learned.mp4")
    assert "strength 0.5" in page and 'http-equiv="refresh"' not in client.get("/").text


def test_settings_of_an_entry_fill_the_form_again(client: TestClient, desk: Desk, maker: FakeMaker) -> None:
    old = finished(desk, maker, subject1="frog", seed="42", methods=["learned"])
    finished(desk, maker)
    assert 'name="seed" value="7"' in client.get("/").text
    page = client.get(f"/?again={old}").text
    assert 'value="frog"' in page and 'name="seed" value="42"' in page
    assert 'value="learned" checked' in page and 'value="base">' in page
    assert 'name="seed" value="7"' in client.get("/?again=nobody").text


def test_videos_come_in_parts_as_players_ask_for_them(client: TestClient, desk: Desk, maker: FakeMaker) -> None:
    id = finished(desk, maker)
    whole = client.get(f"/videos/{id}/base.mp4")
    assert whole.headers["content-type"] == "video/mp4" and whole.headers["accept-ranges"] == "bytes"
    part = client.get(f"/videos/{id}/base.mp4", headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    assert client.get(f"/videos/{id}/base.jpg").headers["content-type"] == "image/jpeg"


@pytest.mark.parametrize(
    "path",
    ["{id}/request.json", "{id}/..%2F..%2Fsecret.mp4", "..%2Fsecret.mp4", "%2e%2e/secret.mp4", "{id}/%2Fetc%2Fpasswd",
     "{id}/other.mp4", "nobody/base.mp4", "{id}/base.mp4%00"],
)  # fmt: skip
def test_nothing_else_is_served(path: str, client: TestClient, desk: Desk, maker: FakeMaker, tmp_path: Path) -> None:
    id = finished(desk, maker)
    (tmp_path / "secret.mp4").write_bytes(b"secret")
    answer = client.get(f"/videos/{path.format(id=id)}")
    assert answer.status_code == 404 and b"secret" not in answer.content


def test_a_third_request_is_refused_in_plain_words(client: TestClient, desk: Desk) -> None:
    for _ in range(2):
        assert client.post("/requests", data=form()).status_code == 303
    answer = client.post("/requests", data=form(subject1="frog"))
    assert answer.status_code == 409 and "One request is being made and one is waiting" in answer.text
    assert 'value="frog"' in answer.text and len(desk.queue.requests) == 2
    assert "Next: dog and cat" in answer.text


def test_both_can_be_cancelled(client: TestClient, desk: Desk, maker: FakeMaker) -> None:
    for _ in range(2):
        client.post("/requests", data=form())
    first, second = desk.queue.requests
    assert client.post(f"/requests/{second.id}/cancel").headers["location"] == "/#now"
    assert desk.queue.requests == (first,)
    until(lambda: len(maker.made) == 1)
    client.post(f"/requests/{first.id}/cancel")
    assert client.get("/state").json()["running"]["doing"] == "Cancelling, after this step"
    maker.let(1)
    until(lambda: not desk.queue.requests)
    page = client.get("/").text
    assert "No videos of dog and cat: Cancelled." in page and not desk.history.ids()
    assert client.post("/requests/nobody/cancel").status_code == 303


def test_what_goes_wrong_is_shown_and_the_server_lives_on(client: TestClient, desk: Desk, maker: FakeMaker) -> None:
    maker.problem = ValueError(f"the memory is full {PAYLOAD}")
    client.post("/requests", data=form())
    maker.let(2)
    until(lambda: not desk.queue.requests)
    page = client.get("/").text
    assert 'role="alert"' in page and "the memory is full" in page and "<script>alert" not in page
    maker.problem = None
    finished(desk, maker)
    assert 'role="alert"' not in client.get("/").text


def test_mistakes_come_back_with_the_form(client: TestClient, desk: Desk) -> None:
    answer = client.post("/requests", data=form(subject1="", steps="3", seed="x"))
    page = answer.text
    assert answer.status_code == 422 and not desk.queue.requests
    assert re.search(r'id="subject1"[^>]*aria-describedby="subject1-problem " autofocus', page)
    assert '<p class="problem" id="subject1-problem">Type a subject' in answer.text
    assert 'id="seed-problem"' in answer.text and 'name="seed" value="x"' in answer.text
    answer = client.post("/requests", data=form(steps="3"))
    assert answer.status_code == 422 and "sampling_steps is 3, expected an even number" in answer.text
    assert 'aria-invalid="true" aria-describedby="steps-problem steps-about" autofocus' in answer.text
    assert client.post("/requests").status_code == 422, "an empty form is one with mistakes"


def test_a_new_seed_keeps_the_rest(client: TestClient, desk: Desk) -> None:
    page = client.post("/new-seed", data=form(subject1="frog", methods=["learned"])).text
    (seed,) = re.findall(r'name="seed" value="(\d+)"', page)
    assert seed != "7" and 'value="frog"' in page and 'value="base">' in page and not desk.queue.requests


def test_what_is_typed_is_never_markup(client: TestClient, desk: Desk, maker: FakeMaker) -> None:
    subject, place = "<b>dog</b>", "in a <img src=x onerror=alert(1)> room"
    assert "<b>" not in client.post("/requests", data=form(subject1=f"{subject}\x00")).text
    id = finished(desk, maker, subject1=subject, place=place)
    for address in ("/", f"/requests/{id}", f"/?again={id}"):
        page = client.get(address).text
        assert "&lt;b&gt;dog" in page and "<b>" not in page and "<img" not in page
    for answer in (client.get(f"/requests/{PAYLOAD}"), client.get("/", params={"again": PAYLOAD, "page": PAYLOAD}),
                   client.post("/requests", data=form(seed=PAYLOAD, methods=[PAYLOAD], strength=PAYLOAD))):  # fmt: skip
        assert "<script>alert" not in answer.text


def test_pages_load_nothing_that_the_server_forbids(client: TestClient, desk: Desk, maker: FakeMaker) -> None:
    id = finished(desk, maker)
    for address in ("/", f"/requests/{id}", "/requests/nobody"):
        page = client.get(address).text
        assert " style=" not in page and "<style" not in page and not re.search(r"\son[a-z]+=", page)
        for script in re.findall(r"<script[^>]*>", page):
            assert 'src="/static/' in script
        for file in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
            assert client.get(file).status_code == 200


def test_another_sites_page_asks_for_nothing(client: TestClient, desk: Desk) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://elsewhere.example"}):
        assert client.post("/requests", data=form(), headers=headers).status_code == 403
    assert client.get("/", headers={"Host": "elsewhere.example"}).status_code == 400
    assert not desk.queue.requests


def test_a_body_that_is_no_form_of_ours_is_not_read(client: TestClient, desk: Desk) -> None:
    assert client.post("/requests", data=form(subject1="x" * 30_000)).status_code == 413
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post("/requests", content=iter([b"subject1=dog", b"x" * 30_000]), headers=kind).status_code == 413
    assert not desk.queue.requests


def test_a_broken_entry_is_shown_as_broken(client: TestClient, desk: Desk, maker: FakeMaker) -> None:
    broken, whole = finished(desk, maker), finished(desk, maker)
    (desk.history.folder / broken / "learned.mp4").unlink()
    page = client.get("/").text
    assert "Broken: there is no learned.mp4." in page and f"/videos/{whole}/learned.mp4" in page
    assert f"/videos/{broken}" not in page
    assert "Broken: there is no learned.mp4." in client.get(f"/requests/{broken}").text
    assert client.get(f"/videos/{broken}/base.mp4").status_code == 404
    assert client.get("/requests/20260101-000000-123456").status_code == 404


def test_a_long_history_has_pages(client: TestClient, desk: Desk, maker: FakeMaker) -> None:
    id = finished(desk, maker)
    for number in range(11):
        (desk.history.folder / f"20250101-0000{number:02d}-123456").mkdir()
    first, second = client.get("/").text, client.get("/?page=2").text
    assert first.count("<article") == 10 and second.count("<article") == 2
    assert id in first and 'href="/?page=2#history"' in first and 'href="/?page=1#history"' in second
    for odd in ("0", "-3", "x", "99999", "9" * 50):
        assert client.get("/", params={"page": odd}).status_code == 200
