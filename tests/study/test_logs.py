"""What the server of the study writes for those who run it: no rater's token, whatever happens."""

import threading
from collections.abc import Callable

import httpx2
import pytest
import uvicorn
from tests.study.conftest import OpenStudy

from dreamrelation.study import routes
from dreamrelation.web.serving import serve


def test_no_token_gets_into_the_log(
    open_study: Callable[..., OpenStudy],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    found = open_study(groups=2)
    started = threading.Event()
    servers: list[uvicorn.Server] = []
    addresses: list[str] = []

    class Stoppable(uvicorn.Server):
        async def startup(self, *given: object, **named: object) -> None:
            await super().startup(*given, **named)  # pyright: ignore[reportArgumentType]
            servers.append(self)
            started.set()

    def broken(*_: object) -> None:
        raise RuntimeError("the database is gone")

    monkeypatch.setattr(uvicorn, "Server", Stoppable)
    thread = threading.Thread(target=serve, args=(found.app, "127.0.0.1", 0, addresses.append))
    thread.start()
    assert started.wait(20)
    wrong = "wrong-token-0123456789"
    try:
        with httpx2.Client(base_url=addresses[0]) as client:
            assert client.get(f"/join/{found.tokens[1]}").status_code == 303
            assert client.get("/").status_code == 200
            assert client.get(f"/join/{wrong}?token={found.tokens[2]}").status_code == 401
            assert client.get(f"/nothing/{found.tokens[2]}").status_code == 404
            monkeypatch.setattr(routes, "rater_of", broken)
            assert client.get(f"/join/{found.tokens[3]}").status_code == 500
    finally:
        servers[0].should_exit = True
        thread.join()
    out, err = capfd.readouterr()
    assert "the database is gone" in err, "what goes wrong is told"
    for token in (*found.tokens.values(), wrong):
        assert token not in out + err + caplog.text


def test_the_database_and_the_study_s_files_know_no_token(open_study: Callable[..., OpenStudy]) -> None:
    found = open_study(groups=2)
    found.client(1)
    files = [path for path in found.study.folder.rglob("*") if path.is_file()]
    assert len(files) > 5
    with_token = {path.name for path in files if any(t.encode() in path.read_bytes() for t in found.tokens.values())}
    assert with_token == {"invitations.csv"}
