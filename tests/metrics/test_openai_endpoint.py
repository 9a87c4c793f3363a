"""The judge behind an endpoint, against a real server that misbehaves."""

import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.metrics.chat_server import ChatServer, Reply, Request, failed, said, serving
from tests.metrics.judges import sample

from dreamrelation.errors import UserError
from dreamrelation.metrics.judges.interface import Question
from dreamrelation.metrics.judges.openai_endpoint import judge as endpoint
from dreamrelation.metrics.judges.openai_endpoint.judge import OpenAIEndpoint
from dreamrelation.metrics.judges.openai_endpoint.pace import Pace
from dreamrelation.metrics.judges.openai_endpoint.settings import OpenAIEndpointSettings
from dreamrelation.metrics.vision_language.metrics import AskedMetric
from dreamrelation.settings.kinds import JUDGES, METRICS
from dreamrelation.settings.machine import EndpointSettings, MachineSettings
from dreamrelation.settings.registry import KindError, implementation_of
from dreamrelation.stages.outcome import exit_status

KEY = "sk-very-secret-0123456789"
QUESTION = Question("Yes or no?", ("yes", "no"))
PICTURES = np.random.default_rng(0).integers(0, 256, (2, 16, 24, 3)).astype(np.uint8)


@pytest.fixture(autouse=True)
def _key_and_no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)
    monkeypatch.setattr(endpoint, "BACKOFF", lambda state: 0.0)


def open_judge(server: ChatServer, limits: dict[str, Any] | None = None, **settings: Any) -> OpenAIEndpoint:
    given = {"url": server.url, "model": "m", "key_variable": "TEST_KEY", "picture_quality": None, **settings}
    machine = MachineSettings(device="cpu", endpoint=EndpointSettings(**{"attempts": 3, **(limits or {})}))
    return OpenAIEndpoint(OpenAIEndpointSettings(**given), machine)


def in_turn(*replies: Reply) -> Callable[[Request, int], Reply]:
    """The first reply to the first request, and so on; the last one to all that follow."""
    return lambda request, before: replies[min(before, len(replies) - 1)]


def test_what_is_sent() -> None:
    with serving(in_turn(said("Yes."))) as server:
        judge = open_judge(server, temperature=0.5, extra={"enable_thinking": False})
        assert judge.ask(PICTURES, QUESTION, seed=7).text == "Yes."
    (request,) = server.requests
    assert request.path == "/v1/chat/completions" and request.key == f"Bearer {KEY}"
    assert request.question == "Yes or no?"
    assert all(np.array_equal(sent, shown) for sent, shown in zip(request.pictures, PICTURES, strict=True))
    rest = {name: value for name, value in request.body.items() if name != "messages"}
    assert rest == {"model": "m", "max_tokens": 32, "temperature": 0.5, "seed": 7, "enable_thinking": False}


def test_fields_that_a_server_may_not_know_can_be_left_out() -> None:
    with serving(in_turn(said("no"))) as server:
        open_judge(server, seeded=False, key_variable=None).ask(PICTURES, QUESTION, 0)
    (request,) = server.requests
    assert set(request.body) == {"model", "max_tokens", "messages"}
    assert KEY not in request.key


def test_pictures_may_be_sent_smaller() -> None:
    with serving(in_turn(said("no"))) as server:
        open_judge(server, picture_quality=80).ask(PICTURES, QUESTION, 0)
    parts = server.requests[0].body["messages"][0]["content"]
    assert parts[0]["image_url"]["url"].startswith("data:image/jpeg;base64,")


HALF = said("Yes, they are holding hands.")
PASSING = {
    "too many requests": failed(429, "slow down", retry_after="0"),
    "a server's fault": failed(500),
    "overloaded": failed(503),
    "malformed JSON": Reply(b'{"choices": [', 200),
    "a page instead of JSON": Reply(b"<html>try later</html>", 200, "text/html"),
    "no choices": Reply(json.dumps({"id": "1", "object": "chat.completion", "choices": []}).encode()),
    "an empty message": said(None),
    "half an answer": Reply(HALF.body, sent=len(HALF.body) // 2),
}


@pytest.mark.parametrize("what", PASSING)
def test_what_passes_is_tried_again(what: str) -> None:
    with serving(in_turn(PASSING[what], PASSING[what], said("yes"))) as server:
        assert open_judge(server).ask(PICTURES, QUESTION, 0).text == "yes"
    assert len(server.requests) == 3


@pytest.mark.parametrize("what", PASSING)
def test_what_does_not_pass_stops_the_job(what: str) -> None:
    with serving(in_turn(PASSING[what])) as server:
        with pytest.raises(UserError) as caught:
            open_judge(server).ask(PICTURES, QUESTION, 0)
        assert str(caught.value).startswith(f"m at {server.url}: ")
    assert len(server.requests) == 3


def test_a_slow_server_is_given_its_time_and_no_more() -> None:
    def slow(request: Request, before: int) -> Reply:
        time.sleep(0.5 if before == 0 else 0)
        return said("yes")

    with serving(slow) as server:
        assert open_judge(server, {"timeout_seconds": 0.2}).ask(PICTURES, QUESTION, 0).text == "yes"
    assert len(server.requests) == 2


def test_nobody_at_the_address() -> None:
    with serving(in_turn(said("yes"))) as server:
        judge = open_judge(server)
    with pytest.raises(UserError, match="cannot be reached"):
        judge.ask(PICTURES, QUESTION, 0)


def test_a_wrong_key_is_told_of_and_not_repeated() -> None:
    reply = failed(401, f"Incorrect API key provided: {KEY}")
    with serving(in_turn(reply)) as server, pytest.raises(UserError) as caught:
        open_judge(server).ask(PICTURES, QUESTION, 0)
    assert len(server.requests) == 1
    assert KEY not in str(caught.value)
    assert "answered 401" in str(caught.value) and "is the key in TEST_KEY the one of this server?" in str(caught.value)


def test_a_wrong_model_is_not_asked_for_again() -> None:
    reply = failed(404, "The model `m` does not exist")
    with serving(in_turn(reply)) as server, pytest.raises(UserError, match="answered 404: .*`m` does not exist"):
        open_judge(server).ask(PICTURES, QUESTION, 0)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "reply",
    [
        failed(400, "Input data may contain inappropriate content.", "data_inspection_failed"),
        said(None, "content_filter"),
        said(None, refusal="I'm sorry, I cannot help with that."),
    ],
)
def test_a_refusal_is_an_answer_that_is_none(reply: Reply) -> None:
    with serving(in_turn(reply)) as server:
        score = metric(server, passes=1).score(sample())
    assert (score.value, score.passes) == (None, (None,))
    assert score.detail.startswith("invalid 1 (")
    assert len(server.requests) == 2, "each pass without an answer is asked once more"


def test_the_server_says_how_long_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "LONGEST_WAIT", 0.3)
    with serving(in_turn(failed(429, retry_after="3600"), said("yes"))) as server:
        start = time.monotonic()
        open_judge(server).ask(PICTURES, QUESTION, 0)
        assert time.monotonic() - start >= 0.3
    assert len(server.requests) == 2


def test_the_key_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_KEY")
    with (
        serving(in_turn(said("yes"))) as server,
        pytest.raises(UserError, match="no key in the environment variable TEST"),
    ):
        open_judge(server)


def test_the_key_is_in_no_setting() -> None:
    with serving(in_turn(said("yes"))) as server:
        judge = open_judge(server)
    assert KEY not in judge.settings.model_dump_json() + json.dumps(judge.facts) + judge.name


@pytest.mark.parametrize("url", ["localhost:8000/v1", "https://me:secret@host/v1", "https://"])
def test_addresses_are_checked(url: str) -> None:
    with pytest.raises((UserError, KindError)):
        JUDGES.read({"kind": "openai_endpoint", "url": url})


def test_calls_are_bounded() -> None:
    with serving(in_turn(failed(500))) as server:
        judge = open_judge(server, {"max_calls": 2, "attempts": 5})
        with pytest.raises(UserError, match="was asked 2 times in this job, machine.endpoint.max_calls allows no more"):
            judge.ask(PICTURES, QUESTION, 0)
    assert len(server.requests) == 2


def test_a_pace_spaces_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("dreamrelation.metrics.judges.openai_endpoint.pace.time.monotonic", lambda: 100.0)
    monkeypatch.setattr("dreamrelation.metrics.judges.openai_endpoint.pace.time.sleep", waited.append)
    pace = Pace(per_minute=30)
    for _ in range(3):
        pace.wait()
    assert waited == [0.0, 2.0, 4.0]


def metric(server: ChatServer, limits: dict[str, Any] | None = None, **settings: Any) -> AskedMetric:
    judge = {"kind": "openai_endpoint", "url": server.url, "model": "m", "key_variable": "TEST_KEY"}
    read = METRICS.read({"kind": "vlm_relation_accuracy", "judge": judge, **settings})
    machine = MachineSettings(device="cpu", endpoint=EndpointSettings(**{"attempts": 3, **(limits or {})}))
    return implementation_of(read)(read, machine)


def test_passes_are_asked_side_by_side_and_kept_in_their_order() -> None:
    def by_seed(request: Request, before: int) -> Reply:
        time.sleep(0.05)
        return said("yes" if request.body["seed"] < 4 else "no")

    with serving(by_seed) as server:
        score = metric(server, {"concurrency": 4}, passes=6).score(sample())
    assert score.passes == (1.0, 1.0, 0.0, 0.0, 0.0, 0.0)
    assert 1 < server.most_at_once <= 4


ECHOES = {
    "an error": lambda key: failed(400, f"your headers were Authorization: {key}"),
    "a server's fault": lambda key: failed(500, key, code=key),
    "a page": lambda key: Reply(f"<html>{key}</html>".encode(), 502, "text/html"),
    "nonsense": lambda key: Reply(json.dumps({"choices": [], "id": key}).encode()),
    "an answer": lambda key: said(f"yes, {key}"),
    "no answer to the question": lambda key: said(key),
}


@pytest.mark.parametrize("what", ECHOES)
def test_a_server_that_repeats_what_it_was_sent_gets_the_key_into_no_file_or_log(
    what: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(lambda request, before: ECHOES[what](request.key)) as server:
        asked = metric(server, {"attempts": 2}, passes=2)
        asked.keep_answers_in(tmp_path / "answers.jsonl")

        def work() -> None:
            (tmp_path / "score.txt").write_text(f"{asked.note} {asked.score(sample())}")

        status = exit_status("evaluate", work)
    (tmp_path / "settings.json").write_text(asked.settings.model_dump_json())
    assert status == (0 if "answer" in what else 1)
    assert server.requests and all(KEY in request.key for request in server.requests)
    out, err = capfd.readouterr()
    written = [path.read_text() for path in tmp_path.iterdir()]
    assert f"dreamrelation evaluate: m at {server.url}: " in err if status else "Bearer …" in "".join(written)
    for text in (*written, out, err, caplog.text):
        assert KEY not in text
