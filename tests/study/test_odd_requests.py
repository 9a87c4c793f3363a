"""Requests that nobody means well by: the server answers each, keeps what it has, and tells nothing."""

from collections.abc import Callable
from urllib.parse import quote

from benchmarks.study_load import GroupPage
from tests.study.conftest import OpenStudy
from tests.web.fuzzing import odd_requests

from dreamrelation.study.votes import read_votes


def test_odd_requests_are_answered_and_change_nothing(open_study: Callable[..., OpenStudy]) -> None:
    found = open_study(groups=2)
    rater, stranger = found.client(1), found.client()
    page = GroupPage(rater.get("/").text)
    paths = ["/", "/consent", page.action, *page.videos, "/my-data", "/my-data.json", "/forget", "/join/x", "/health"]
    fields = ["token", "relation", "text", "quality", "sure"]
    answered = 0
    for seed, client in enumerate((rater, stranger)):
        for request in odd_requests(paths, fields, 400, seed=seed):
            path = quote(request.path, safe="/%")
            answer = client.request(request.method, path, headers=request.headers, content=request.body)
            assert answer.status_code < 500, (request, answer.text)
            assert b"Traceback" not in answer.content and b"groups.parquet" not in answer.content
            assert "Content-Security-Policy" in answer.headers
            answered += 1
    assert answered == 800 and read_votes(found.database) == []
    assert GroupPage(rater.get("/").text).action == page.action
