"""A page of the report in a real browser, what it asked for and complained about, and how tests handle it."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from playwright.sync_api import Page, Request, ViewportSize

PAGES = ("index", "relations/kicking", "clips/kicking")
DESKTOP, PHONE = ViewportSize(width=1440, height=900), ViewportSize(width=390, height=844)


@dataclass
class Opened:
    """A page with what was asked for and what it complained about while it was open."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def videos_asked_for(self) -> list[str]:
        return [address for address in self.requests if address.endswith(".mp4")]


class Open(Protocol):
    """Opens a page of the small report, with further options of a browser's context."""

    def __call__(self, name: str, size: ViewportSize = DESKTOP, **how: Any) -> Opened: ...


def watch(found: Opened) -> None:
    def failed(request: Request) -> None:
        # A video that is given back before it has come is aborted; one that is not there fails otherwise.
        if request.failure != "net::ERR_ABORTED":
            found.complaints.append(f"{request.url}: {request.failure}")

    page = found.page
    page.on("request", lambda request: found.requests.append(request.url))
    page.on("requestfailed", failed)
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    page.on("console", lambda said: found.complaints.append(said.text) if said.type in ("error", "warning") else None)


def times_of(page: Page, row: str) -> list[float]:
    """Where the videos of a row stand, in seconds."""
    return page.evaluate("row => [...document.querySelectorAll(`${row} video`)].map(it => it.currentTime)", row)


def show(page: Page, place: str) -> None:
    page.locator(place).evaluate("it => it.scrollIntoView({ behavior: 'instant' })")


def moving(page: Page, row: str) -> None:
    """Wait until all videos of a row are between their first and their last frame."""
    page.wait_for_function(
        "row => { const all = [...document.querySelectorAll(`${row} video`)];"
        " return all.length && all.every(it => it.currentTime > 0.05 && !it.ended && !it.paused); }",
        arg=row,
        polling=20,
    )
