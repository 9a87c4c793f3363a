"""A real HTTP server that speaks OpenAI's protocol of chat completions, well or badly."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

import cv2
import numpy as np

JSON = "application/json"


@dataclass(frozen=True)
class Reply:
    """What the server sends."""

    body: bytes
    status: int = 200
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    sent: int | None = None
    """Bytes after which the connection is closed; None: all are sent."""


@dataclass(frozen=True)
class Request:
    """What the server was asked."""

    path: str
    key: str
    body: dict[str, Any]

    @property
    def question(self) -> str:
        return next(part["text"] for part in self.body["messages"][0]["content"] if part["type"] == "text")

    @property
    def pictures(self) -> list[np.ndarray]:
        """(H, W, 3) uint8 RGB."""
        parts = [p["image_url"]["url"] for p in self.body["messages"][0]["content"] if p["type"] == "image_url"]
        encoded = [np.frombuffer(base64.b64decode(part.split(",")[1]), np.uint8) for part in parts]
        return [np.ascontiguousarray(np.asarray(cv2.imdecode(one, cv2.IMREAD_COLOR))[..., ::-1]) for one in encoded]


def said(text: str | None, finish: str = "stop", refusal: str | None = None) -> Reply:
    """A whole answer."""
    message = {"role": "assistant", "content": text, "refusal": refusal}
    choice = {"index": 0, "message": message, "finish_reason": finish}
    completion = {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}
    return Reply(json.dumps(completion, ensure_ascii=False).encode())


def failed(status: int, message: str = "no", code: str | None = None, **headers: str) -> Reply:
    """An error as such servers tell it."""
    error = {"message": message, "type": "error", "code": code, "param": None}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(json.dumps({"error": error}).encode(), status, headers=named)


class ChatServer:
    """Answers by `answer`, which is given the request and how many came before it."""

    def __init__(self, answer: Callable[[Request, int], Reply]) -> None:
        self.answer, self.lock = answer, Lock()
        self.requests: list[Request] = []
        self.at_once = self.most_at_once = 0
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.http.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}/v1"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                request = Request(self.path, self.headers.get("Authorization", ""), body)
                with server.lock:
                    before = len(server.requests)
                    server.requests.append(request)
                    server.at_once += 1
                    server.most_at_once = max(server.most_at_once, server.at_once)
                try:
                    self._send(server.answer(request, before))
                finally:
                    with server.lock:
                        server.at_once -= 1

            def _send(self, reply: Reply) -> None:
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.content_type)
                self.send_header("Content-Length", str(len(reply.body)))
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body[: reply.sent])
                self.close_connection = reply.sent is not None

            def log_message(self, format: str, *args: object) -> None:
                """Tests are quiet."""

        return Handler


@contextmanager
def serving(answer: Callable[[Request, int], Reply]) -> Iterator[ChatServer]:
    """A server that is there inside the block."""
    server = ChatServer(answer)
    thread = Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.http.shutdown()
        thread.join()
        server.http.server_close()
