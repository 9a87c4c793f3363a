"""The page in a real browser: by the keyboard alone, with progress that moves, and at home on every screen."""

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.browser import open_browser
from tests.play.fake import FIRST, FakeMaker, until
from uvicorn import Config, Server

from dreamrelation.play.app import play_app
from dreamrelation.play.desk import Desk

ALL_PLAY = "() => [...document.querySelectorAll('video')].every((one) => one.videoWidth > 0 && one.currentTime > 0)"
NAMELESS = """() => [...document.querySelectorAll("input, button, a, video, progress, section, article")]
  .filter((one) => one.checkVisibility() && !one.closest("[aria-hidden]"))
  .filter((one) => !(one.ariaLabel || one.labels?.length || one.textContent.trim()
    || document.getElementById(one.getAttribute("aria-labelledby"))))
  .map((one) => one.outerHTML)"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as found:
        yield found


@pytest.fixture
def address(desk: Desk) -> Iterator[str]:
    """Of a server that listens."""
    server = Server(Config(play_app(desk), host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console said."""
    return []


@pytest.fixture
def page(browser: Browser, address: str, complaints: list[str]) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    yield page
    context.close()


def tab_to(page: Page, wanted: Locator) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if wanted.evaluate("(one) => one === document.activeElement"):
            return
    raise AssertionError(f"the keyboard does not reach {wanted}")


def test_from_typing_to_videos_by_the_keyboard_alone(
    page: Page, maker: FakeMaker, desk: Desk, complaints: list[str]
) -> None:
    tab_to(page, page.get_by_label("First subject"))
    page.keyboard.press("Control+A")
    page.keyboard.type("old robot")
    tab_to(page, page.get_by_label("Strength of the adapters", exact=True))
    page.keyboard.press("Control+A")
    page.keyboard.type("1.5")
    expect(page.get_by_label("as a slider")).to_have_value("1.5")
    tab_to(page, page.get_by_role("button", name="Make the videos"))
    page.keyboard.press("Enter")
    bar = page.get_by_role("progressbar", name="Progress")
    expect(bar).to_have_attribute("max", "10")
    for step in (1, 3):
        maker.let(step - int(bar.get_attribute("value") or 0))
        expect(bar).to_have_attribute("value", str(step))
        expect(page.get_by_text(f"base: step {step + 1} of 4")).to_be_visible()
    expect(page.locator("#said")).to_have_text("base, 25 per cent done.")
    maker.let(5)
    expect(page.get_by_role("heading", name="A old robot is hugging a cat.")).to_be_visible()
    expect(page.locator("video")).to_have_count(2)
    page.locator("#history").scroll_into_view_if_needed()
    page.wait_for_function(ALL_PLAY)
    assert (maker.made[0].subjects, maker.made[0].strength) == (("old robot", "cat"), 1.5)
    expect(page.get_by_label("First subject")).to_have_value("old robot")
    assert complaints == []


def test_enter_in_a_field_makes_the_videos_and_takes_no_new_seed(page: Page, maker: FakeMaker) -> None:
    page.get_by_label("Second subject").press("Enter")
    until(lambda: len(maker.made) == 1)
    assert maker.made[0] == FIRST


def test_what_is_typed_while_videos_are_made_stays(page: Page, maker: FakeMaker) -> None:
    page.get_by_role("button", name="Make the videos").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.get_by_label("Second subject").fill("a half-typed wor")
    page.get_by_label("Base model").uncheck()
    page.get_by_label("Second subject").focus()
    maker.let(8)
    show = page.get_by_role("button", name="Something has changed: show it")
    expect(show).to_be_visible()
    expect(page.locator("video")).to_have_count(0)
    show.click()
    expect(page.locator("video")).to_have_count(2)
    expect(page.get_by_label("Second subject")).to_have_value("a half-typed wor")
    expect(page.get_by_label("Base model")).not_to_be_checked()


def test_a_request_is_cancelled_and_a_tab_that_comes_back_finds_it(page: Page, maker: FakeMaker, address: str) -> None:
    page.get_by_role("button", name="Make the videos").click()
    maker.let(2)
    expect(page.get_by_role("progressbar")).to_have_attribute("value", "2")
    page.goto("about:blank")
    page.goto(address)
    expect(page.get_by_role("progressbar")).to_have_attribute("value", "2")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelling, after this step")).to_be_visible()
    maker.let(1)
    expect(page.get_by_role("alert")).to_have_text("No videos of dog and cat: Cancelled.")
    expect(page.get_by_role("progressbar")).to_have_count(0)


def test_a_new_seed_is_a_number_and_sends_nothing(page: Page, desk: Desk) -> None:
    page.get_by_label("First subject").fill("frog")
    page.get_by_role("button", name="New seed").click()
    assert page.get_by_label("Seed of the noise").input_value().isdecimal()
    expect(page.get_by_label("Seed of the noise")).not_to_have_value("7")
    expect(page.get_by_label("First subject")).to_have_value("frog")
    assert desk.queue.requests == ()


def test_without_javascript(browser: Browser, address: str, desk: Desk, maker: FakeMaker) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    page.get_by_label("First subject").fill("frog")
    page.get_by_role("button", name="New seed").click()
    expect(page.get_by_label("First subject")).to_have_value("frog")
    expect(page.get_by_label("Seed of the noise")).not_to_have_value("7")
    page.get_by_role("button", name="Make the videos").click()
    expect(page.get_by_role("heading", name="frog and cat")).to_be_visible()
    maker.let(8)
    until(lambda: not desk.queue.requests)
    page.reload()  # as the page does by itself where scripts are off; a browser that is told so by Playwright does not
    expect(page.get_by_role("heading", name="A frog is hugging a cat.")).to_be_visible()
    page.get_by_role("link", name="Use these settings again").click()
    expect(page.get_by_label("First subject")).to_have_value("frog")
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_everything_fits_and_has_a_name(
    browser: Browser, address: str, desk: Desk, maker: FakeMaker, width: int, scheme: str
) -> None:
    """With an entry, a broken one, one that is made, one that waits, and mistakes in the form."""
    (desk.history.folder / "20250101-000000-123456").mkdir(parents=True)
    desk.submit(FIRST)
    maker.let(9)
    until(lambda: not desk.queue.requests)
    for _ in range(2):
        desk.submit(FIRST)
    until(lambda: desk.queue.requests[0].watch.progress.done == 1)
    scheme_named = "dark" if scheme == "dark" else "light"
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme_named)
    page = context.new_page()
    page.goto(address)
    for path in ("/", f"/requests/{desk.history.ids()[0]}", "/requests/20250101-000000-123456"):
        page.goto(f"{address}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") == width, path
        assert page.evaluate(NAMELESS) == [], path
    page.goto(address)
    page.get_by_label("First subject").fill("!!!")
    page.get_by_role("button", name="Make the videos").click()
    expect(page.get_by_label("First subject")).to_be_focused()
    expect(page.get_by_label("First subject")).to_have_accessible_description(
        "Found the subject '!!!', expected at least one letter or digit."
    )
    assert page.evaluate("document.documentElement.scrollWidth") == width
    context.close()
