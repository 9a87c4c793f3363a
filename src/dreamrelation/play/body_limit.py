"""Requests that are longer than any form of ours are not read."""

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class BodyLimit:
    """Middleware that refuses, with 413, a request whose body is longer, or does not say how long it is."""

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self.app, self.most_bytes = app, most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._is_too_long(Headers(scope=scope)):
            await PlainTextResponse(f"Expected at most {self.most_bytes} bytes.", 413)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _is_too_long(self, headers: Headers) -> bool:
        length = headers.get("content-length", "0")
        return "transfer-encoding" in headers or not length.isdecimal() or int(length) > self.most_bytes
