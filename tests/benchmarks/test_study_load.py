"""Raters at once, a real browser among them, and a server that is killed: nothing is lost or counted twice."""

from pathlib import Path

from benchmarks.study_load import run


def test_no_vote_is_lost_when_the_server_is_killed(tmp_path: Path) -> None:
    found = run(groups=8, raters=5, kills=2, browser=False, folder=tmp_path)
    assert found["acknowledged"] == found["stored"] == 3 * found["showings"] == 3 * 5 * (8 + 4)
    wrong = ("lost", "changed_or_never_sent", "twice", "groups_without_all_raters")
    assert {name: found[name] for name in wrong} == dict.fromkeys(wrong, 0)
    assert found["retries"] > 0  # the server was away while people were at work
