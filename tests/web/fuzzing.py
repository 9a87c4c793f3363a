"""Requests that no browser would send, the same ones every time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

PIECES = (
    *(
        "",
        "/",
        "..",
        "%2e%2e",
        "%00",
        "%ff",
        "a" * 3000,
        "<script>alert(1)</script>",
        "'; DROP TABLE votes; --",
        "\u202e",
    ),
    *("${7*7}", "{{7*7}}", "%s%s%n", "\\", "NULL", "-1", "1e999", "[]", "true", "\r\nSet-Cookie: x=1", "ü" * 50, "💥"),
)
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")
HEADERS = (
    "Range",
    "If-Range",
    "Cookie",
    "Content-Type",
    "Content-Length",
    "Origin",
    "Accept",
    "X-Forwarded-For",
    "Host",
)
KINDS = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json", "text/plain", "")


@dataclass(frozen=True)
class OddRequest:
    """One of them."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


def odd_requests(paths: list[str], fields: list[str], count: int, seed: int) -> Iterator[OddRequest]:
    """Of known paths with pieces put in, and forms of known fields with odd values."""
    rng = np.random.default_rng(seed)

    def piece() -> str:
        return PIECES[int(rng.integers(len(PIECES)))]

    for _ in range(count):
        parts = paths[int(rng.integers(len(paths)))].split("/")
        if rng.random() < 0.7:
            parts[int(rng.integers(len(parts)))] = piece()
        headers = {HEADERS[int(rng.integers(len(HEADERS)))]: piece() for _ in range(int(rng.integers(3)))}
        headers["Content-Type"] = KINDS[int(rng.integers(len(KINDS)))]
        body = "&".join(f"{name}={piece()}" for name in fields if rng.random() < 0.7).encode()
        if rng.random() < 0.3:
            body = rng.bytes(int(rng.integers(2000)))
        known = {name: value for name, value in headers.items() if value.isascii() and value.isprintable()}
        yield OddRequest(METHODS[int(rng.integers(len(METHODS)))], "/".join(parts), known, body)
