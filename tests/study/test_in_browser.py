"""The study in a real browser: by keyboard, on a telephone, light and dark."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect
from tests.browser import open_browser
from tests.study.small_study import write_study

from dreamrelation.study.app import study_app
from dreamrelation.study.database import StudyDatabase, open_database
from dreamrelation.study.folder import INVITATIONS_FILE
from dreamrelation.study.invitations import read_invitations
from dreamrelation.study.votes import read_votes
from dreamrelation.web.addresses import LOCAL_NAMES

GROUPS = 5
LEFT = "net::ERR_ABORTED"
"""A page was left before all of it had come."""
FOCUSED = "({name: document.activeElement.name || '', kind: document.activeElement.type || ''})"
SIZES = "[...document.querySelectorAll('.choices label')].map(one => [one.offsetWidth, one.offsetHeight])"
TIMES = "[...document.querySelectorAll('video')].map(video => video.currentTime)"
NAMELESS = """() => [...document.querySelectorAll('video, input:not([type=hidden]), button, progress, fieldset, a')]
    .filter(one => !(one.getAttribute('aria-label') || (one.labels && one.labels.length) || one.textContent.trim()))
    .map(one => one.outerHTML)"""


class Site:
    """A study at an address of this machine."""

    def __init__(self, folder: Path) -> None:
        study = write_study(folder, GROUPS, frames=12, size=64, raters=4, checks=0, repeats=0.0, which_show=True)
        self.database: StudyDatabase = open_database(study.votes, study.fingerprint)
        self.tokens = [one.token for one in read_invitations(folder / INVITATIONS_FILE)]
        app = study_app(study, self.database, LOCAL_NAMES, 100_000)
        self.server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        while not self.server.started:
            assert self.thread.is_alive()
        self.address = f"http://127.0.0.1:{self.server.servers[0].sockets[0].getsockname()[1]}"

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as found:
        yield found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    found = Site(tmp_path_factory.mktemp("study") / "study")
    yield found
    found.stop()


def opened(browser: Browser, site: Site, rater: int, **options: Any) -> tuple[Page, list[str]]:
    """The first group of a rater, and what the browser complains about."""
    page, complaints = browser.new_page(**options), []
    page.on("console", lambda told: complaints.append(told.text) if told.type in ("error", "warning") else None)
    page.on("requestfailed", lambda asked: None if asked.failure == LEFT else complaints.append(f"{asked.url} failed"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{site.address}/join/{site.tokens[rater - 1]}")
    if page.get_by_role("button", name="I agree").count():
        page.get_by_role("button", name="I agree").click()
    return page, complaints


def test_a_rater_needs_the_keyboard_alone(browser: Browser, site: Site) -> None:
    page, complaints = opened(browser, site, 1)
    for done in range(GROUPS):
        expect(page.get_by_label(f"{done} of {GROUPS} done")).to_be_visible()
        asked = []
        for _ in range(40):
            page.keyboard.press("Tab")
            focused = page.evaluate(
                "({name: document.activeElement.name || '', kind: document.activeElement.type || ''})"
            )
            if focused["kind"] in ("radio", "checkbox") and focused["name"] not in asked:
                asked.append(focused["name"])
                page.keyboard.press("Space")
                if done % 2 and focused["kind"] == "radio":
                    page.keyboard.press("ArrowRight")  # the next answer of the same question
            if focused["kind"] == "submit":
                break
        assert asked == ["relation", "text", "quality", "shows"]
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    votes = [vote for vote in read_votes(site.database) if vote.rater == 1]
    assert len(votes) == 4 * GROUPS
    for vote in votes:
        letter = 1 if vote.number % 2 and vote.question != "shows" else 0
        assert vote.chosen == (vote.places[letter],)
    assert complaints == []


def test_videos_play_in_step_and_stop_when_asked(browser: Browser, site: Site) -> None:
    page, complaints = opened(browser, site, 2)
    while min(times := page.evaluate(TIMES)) < 0.2:
        page.wait_for_timeout(20)
    assert len(times) == 4 and max(times) - min(times) < 0.1
    page.get_by_role("button", name="Pause videos").click()
    assert page.evaluate("[...document.querySelectorAll('video')].every(video => video.paused)")
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_is_cut_off_or_nameless(browser: Browser, site: Site, width: int, scheme: str) -> None:
    page, complaints = opened(browser, site, 3, viewport={"width": width, "height": 800}, color_scheme=scheme)
    for path in ("/", "/my-data"):
        page.goto(site.address + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(NAMELESS) == []
        assert page.evaluate("document.documentElement.lang") == "en-GB" and page.title()
    assert complaints == []


def test_what_is_touched_is_large_enough_for_a_finger(browser: Browser, site: Site) -> None:
    page, _ = opened(browser, site, 3, viewport={"width": 390, "height": 800}, has_touch=True)
    sizes = page.evaluate(
        "[...document.querySelectorAll('.choices label')].map(one => [one.offsetWidth, one.offsetHeight])"
    )
    assert len(sizes) == 4 * 4 and all(width >= 44 and height >= 44 for width, height in sizes)


def test_it_works_without_scripts_and_can_be_gone_on_with_elsewhere(browser: Browser, site: Site) -> None:
    page, _ = opened(browser, site, 4, java_script_enabled=False)
    for question in page.locator("fieldset").all():
        question.locator("label").nth(0).click()
    page.get_by_role("button", name="Save and go on").click()
    expect(page.get_by_label(f"1 of {GROUPS} done")).to_be_visible()
    action = page.locator("form").get_attribute("action")
    other, _ = opened(browser, site, 4)  # another browser with the same link
    assert other.locator("form").get_attribute("action") == action
