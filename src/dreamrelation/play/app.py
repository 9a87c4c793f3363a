"""The pages, as a web application."""

import secrets
from dataclasses import asdict
from typing import Annotated

from fastapi import FastAPI, Form
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response

from dreamrelation.errors import UserError
from dreamrelation.play import templates
from dreamrelation.play.desk import Desk
from dreamrelation.play.form import Typed, Wrong, order_of
from dreamrelation.play.history import Broken
from dreamrelation.play.pages import Pages
from dreamrelation.play.queue import Full
from dreamrelation.play.state import state_of
from dreamrelation.web.application import LOCAL_NAMES, application

NEW_SEEDS = 2**31
KINDS = {".mp4": "video/mp4", ".jpg": "image/jpeg"}
TypedForm = Annotated[Typed, Form()]


def play_app(desk: Desk, host_names: tuple[str, ...] = LOCAL_NAMES) -> FastAPI:
    """The application; whoever serves it closes the desk's queue in the end."""
    app = application("DreamRelation play", templates, host_names)
    pages = Pages(desk)
    _add_pages(app, desk, pages)
    _add_changes(app, desk, pages)
    _add_data(app, desk)
    return app


def _add_pages(app: FastAPI, desk: Desk, pages: Pages) -> None:
    @app.get("/", response_class=HTMLResponse)
    def main(page: str = "1", again: str = "") -> str:  # pyright: ignore[reportUnusedFunction]
        number = int(page) if page.isascii() and page.isdecimal() and len(page) < 7 else 1
        return pages.main(Typed.of(desk.order_to_show(again)), number=max(number, 1))

    @app.get("/requests/{id}", response_class=HTMLResponse)
    def one(id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        if any(request.id == id for request in desk.queue.requests):
            return RedirectResponse("/#now", 303)
        found = desk.history.find(id)
        if found is None:
            return HTMLResponse(pages.missing(), 404)
        return HTMLResponse(pages.one(found))


def _add_changes(app: FastAPI, desk: Desk, pages: Pages) -> None:
    @app.post("/requests")
    def submit(typed: TypedForm) -> Response:  # pyright: ignore[reportUnusedFunction]
        order = order_of(typed, desk.offer)
        if isinstance(order, Wrong):
            return HTMLResponse(pages.main(typed, order.problems), 422)
        try:
            desk.maker.check(order)
        except UserError as error:
            return HTMLResponse(pages.main(typed, {"steps": str(error)}), 422)
        try:
            desk.submit(order)
        except Full as error:
            return HTMLResponse(pages.main(typed, {"queue": str(error)}), 409)
        return RedirectResponse("/#now", 303)

    @app.post("/new-seed", response_class=HTMLResponse)
    def new_seed(typed: TypedForm) -> str:  # pyright: ignore[reportUnusedFunction]
        return pages.main(typed.model_copy(update={"seed": str(secrets.randbelow(NEW_SEEDS))}))

    @app.post("/requests/{id}/cancel")
    def cancel(id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        desk.queue.cancel(id)  # one that has ended meanwhile is shown with its videos
        return RedirectResponse("/#now", 303)


def _add_data(app: FastAPI, desk: Desk) -> None:
    @app.get("/state")
    def state() -> Response:  # pyright: ignore[reportUnusedFunction]
        now = state_of(desk.queue)
        shown = {name: one and asdict(one) for name, one in (("running", now.running), ("waiting", now.waiting))}
        return JSONResponse({**shown, "finished": now.finished, "mark": now.mark})

    @app.get("/videos/{id}/{name}")
    def video(id: str, name: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        path = desk.history.file(id, name)
        if path is None or isinstance(desk.history.find(id), Broken):
            return PlainTextResponse("There is no such video.", 404)
        return FileResponse(path, media_type=KINDS[path.suffix], headers={"Cache-Control": "private, max-age=86400"})
