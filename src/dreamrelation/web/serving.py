"""Listening on an address of this machine."""

import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from dreamrelation.errors import UserError
from dreamrelation.web.addresses import LOOPBACK


def serve(app: FastAPI, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Answer requests until the process is stopped; port 0 takes a free one.

    `announce` is told the address once connections are accepted. A proxy on this machine may tell which address and
    scheme a request came with. Raises UserError where the address cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        raise UserError(
            f"{host}:{port}: cannot be listened on ({error}); take another --port, or stop what is there"
        ) from None
    name = f"[{host}]" if ":" in host else host
    announce(f"http://{name}:{listener.getsockname()[1]}")
    settings = uvicorn.Config(
        app,
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=False,
        proxy_headers=True,
        forwarded_allow_ips=f"{LOOPBACK},::1",
        timeout_keep_alive=30,
        timeout_graceful_shutdown=5,
    )
    with listener:
        uvicorn.Server(settings).run(sockets=[listener])
