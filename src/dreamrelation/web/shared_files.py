"""The style sheet and scripts of pages, as addresses of a server."""

from importlib import resources
from types import ModuleType

from fastapi import FastAPI, Response

KINDS = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


def add_files(app: FastAPI, *packages: ModuleType) -> None:
    """Serve every style sheet and script of these packages as `/static/{name}`."""
    texts = {
        found.name: found.read_bytes()
        for package in packages
        for found in resources.files(package).iterdir()
        if _ending(found.name) in KINDS
    }

    @app.get("/static/{name}")
    def shared_file(name: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        if name not in texts:
            return Response(status_code=404)
        return Response(texts[name], media_type=KINDS[_ending(name)], headers={"Cache-Control": "max-age=300"})


def _ending(name: str) -> str:
    return name[name.rfind(".") :]
