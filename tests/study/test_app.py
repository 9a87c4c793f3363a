"""The server, as browsers and others meet it."""

import re
from collections.abc import Callable

import pytest
from benchmarks.study_load import GroupPage
from fastapi.testclient import TestClient
from tests.study.conftest import OpenStudy
from tests.study.small_study import SECRET_WORDS

from dreamrelation.study.votes import read_votes

Open = Callable[..., OpenStudy]


def answers(page: GroupPage, choice: int = 0, **more: str) -> dict[str, str]:
    return {"token": page.token, **{name: values[choice] for name, values in page.choices.items()}, **more}


def test_a_rater_goes_from_the_link_to_the_end(open_study: Open) -> None:
    found = open_study(groups=3, checks=1)
    client = found.client(1, consented=False)
    page = client.get("/").text
    assert "Before you begin" in page and "neither your name nor your address" in page and "<video" not in page
    client = found.client(1)
    for done in range(4):
        text = client.get("/").text
        page = GroupPage(text)
        assert f"{done} of 4 done" in text and len(page.videos) == 4
        assert client.post(page.action, data=answers(page)).status_code == 200
    assert "Thank you" in client.get("/").text
    votes = read_votes(found.database)
    assert len(votes) == 4 * 3 and sorted(vote.kind for vote in votes).count("check") == 3
    for vote in votes:  # A was chosen everywhere
        assert vote.chosen == (vote.places[0],)


def test_nothing_that_reaches_the_browser_tells_methods_apart(open_study: Open) -> None:
    """Not in a page, a name, a header, or the files of a group but for their pictures."""
    found = open_study(groups=6, checks=1, which_show=True)
    client, seen = found.client(1), ""
    while (text := client.get("/").text).find("/answer/") > 0:
        page, sizes, headers = GroupPage(text), set(), set()
        for video in page.videos[1:]:
            answer = client.get(video)
            sizes.add(len(answer.content))
            headers.add(tuple(sorted(answer.headers.items())))
            for word in (b"_0.mp4", b"_1.mp4", *(word.encode() for word in SECRET_WORDS)):
                assert word not in answer.content
        assert len(sizes) == len(headers) == 1
        assert re.fullmatch(r"(/video/[\w-]+/)[A-C]\.mp4", page.videos[1])
        seen += text + str(headers)
        answer = client.post(page.action, data=answers(page))
        seen += answer.text + str(answer.headers)
    for address in ("/my-data", "/my-data.json", "/nothing", "/video/x/A.mp4"):
        answer = client.get(address)
        seen += answer.text + str(answer.headers)
    for own in ("/static/base.css", "base-uri", 'type="checkbox"'):
        seen = seen.replace(own, "")
    for word in (*SECRET_WORDS, "tiny", "groups.parquet", "check", "evident", "spoilt"):
        assert word not in seen, word


def test_the_place_of_a_method_changes_from_group_to_group(open_study: Open) -> None:
    found = open_study(groups=8, checks=0)
    for client in (found.client(1), found.client(2)):
        while (text := client.get("/").text).find("/answer/") > 0:
            page = GroupPage(text)
            client.post(page.action, data=answers(page))
    votes = read_votes(found.database)
    assert {vote.places[0] for vote in votes} == {0, 1, 2}
    orders = [[vote.places for vote in votes if vote.rater == rater] for rater in (1, 2)]
    assert orders[0] != orders[1]


def test_strangers_get_nothing(open_study: Open) -> None:
    found = open_study()
    stranger, rater = found.client(), found.client(1)
    page = GroupPage(rater.get("/").text)
    for address in ("/", page.videos[0], page.videos[1], "/my-data", "/my-data.json"):
        assert stranger.get(address).status_code == 401
    for address in ("/consent", page.action, "/forget"):
        assert stranger.post(address, data=answers(page)).status_code == 401
    assert stranger.get("/join/wrong").status_code == 401
    assert read_votes(found.database) == []


def test_another_raters_group_is_out_of_reach(open_study: Open) -> None:
    found = open_study()
    one, two = found.client(1), found.client(2)
    page, own = GroupPage(one.get("/").text), GroupPage(two.get("/").text)
    assert two.get(page.videos[1]).status_code == 404
    assert two.post(page.action, data=answers(own)).status_code == 404
    assert read_votes(found.database) == []


def test_a_form_of_another_page_is_refused(open_study: Open) -> None:
    found = open_study()
    one, two = found.client(1), found.client(2)
    page, other = GroupPage(one.get("/").text), GroupPage(two.get("/").text)
    for token in (None, "", "wrong", other.token):
        sent = answers(page) | ({} if token is None else {"token": token})
        if token is None:
            del sent["token"]
        assert one.post(page.action, data=sent).status_code == 403
    assert one.post(page.action, data=answers(page), headers={"Origin": "http://elsewhere.example"}).status_code == 403
    assert read_votes(found.database) == []


def test_missing_answers_are_asked_for_and_the_others_kept_on_the_page(open_study: Open) -> None:
    found = open_study()
    client = found.client(1)
    page = GroupPage(client.get("/").text)
    sent = answers(page)
    del sent["text"]
    answer = client.post(page.action, data=sent)
    assert answer.status_code == 422 and "Please answer question 2 too. Nothing was saved yet." in answer.text
    assert answer.text.count(" checked") == 2 and GroupPage(answer.text).videos == page.videos
    assert read_votes(found.database) == []


def test_a_form_sent_twice_counts_once(open_study: Open) -> None:
    found = open_study()
    client = found.client(1)
    page = GroupPage(client.get("/").text)
    for choice in (0, 1):
        assert client.post(page.action, data=answers(page, choice)).status_code == 200
    assert [vote.chosen for vote in read_votes(found.database)] == [
        (vote.places[0],) for vote in read_votes(found.database)
    ]
    assert len(read_votes(found.database)) == 3


def test_videos_are_sent_in_parts(open_study: Open) -> None:
    client = open_study().client(1)
    address = GroupPage(client.get("/").text).videos[1]
    whole = client.get(address)
    assert whole.status_code == 200 and whole.headers["Content-Type"] == "video/mp4"
    part = client.get(address, headers={"Range": "bytes=10-19"})
    assert part.status_code == 206 and part.content == whole.content[10:20]
    validated = client.get(address, headers={"Range": "bytes=10-19", "If-Range": '"another"'})
    assert validated.status_code == 200


def test_a_rater_sees_and_deletes_what_is_kept(open_study: Open) -> None:
    found = open_study()
    client = found.client(1)
    page = GroupPage(client.get("/").text)
    client.post(page.action, data=answers(page, 1))
    kept = client.get("/my-data.json").json()
    assert [one["chosen"] for one in kept["answers"]] == [["B"]] * 3 and kept["rater"] == 1
    mine = client.get("/my-data").text
    assert "1 answered groups" in mine
    assert client.post("/forget", data={"token": page.token}).status_code == 403
    assert len(read_votes(found.database)) == 3
    assert "Nothing about you is kept" in client.post("/forget", data={"token": page.token, "sure": "yes"}).text
    assert read_votes(found.database) == []
    assert found.client().get(f"/join/{found.tokens[1]}").status_code == 401


def test_too_many_requests_are_held_up(open_study: Open) -> None:
    found = open_study(requests_per_minute=5)
    client = found.client(1, consented=False)
    assert [client.get("/").status_code for _ in range(6)] == [200] * 4 + [429] * 2
    assert found.client().get("/health").status_code == 200


def test_nobody_guesses_links_quickly(open_study: Open) -> None:
    stranger = open_study().client()
    found = [stranger.get(f"/join/{number}").status_code for number in range(25)]
    assert found == [401] * 20 + [429] * 5


def test_a_form_as_large_as_a_book_is_not_read(open_study: Open) -> None:
    client = open_study().client(1)
    page = GroupPage(client.get("/").text)
    assert client.post(page.action, data={"token": page.token, "text": "x" * 50_000}).status_code == 413
    chunks = (b"text=" + b"x" * 30_000 for _ in range(2))  # of no declared length
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post(page.action, content=chunks, headers=headers).status_code == 413


def test_odd_texts_stay_texts(open_study: Open) -> None:
    odd = '<script>alert("x")</script>'
    found = open_study(consent=f"{odd}\n\nSecond paragraph.", contact=odd)
    text = found.client(1, consented=False).get("/").text
    assert odd not in text and text.count("&lt;script&gt;") == 2 and "<p>Second paragraph.</p>" in text


@pytest.mark.parametrize(
    "address", ["/video/../groups.parquet", "/video/x/..%2f..%2fgroups.parquet.mp4", "/static/../app.py"]
)
def test_no_other_file_can_be_had(open_study: Open, address: str) -> None:
    assert open_study().client(1).get(address).status_code == 404


def test_cookies_are_kept_from_scripts_and_other_sites(open_study: Open) -> None:
    found = open_study()
    client = TestClient(found.app, base_url="https://127.0.0.1", follow_redirects=False)
    cookie = client.get(f"/join/{found.tokens[1]}").headers["Set-Cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=lax", "Secure"))
