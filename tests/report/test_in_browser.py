"""The report in a real browser, opened as a file: it plays in step, loads what is near, and can be stopped."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tests.report.opened_page import PAGES, PHONE, Open, moving, show, times_of

FRAME_S = 0.1
"""The small report's videos have 10 frames per second."""


@pytest.mark.parametrize("row", ["#exemplars [data-together]", "#cases .case:last-child .methods", "#picked", "#stage"])
def test_videos_of_a_row_play_in_step_and_again_and_again(opened: Open, row: str) -> None:
    page = opened("relations/kicking.html").page
    show(page, f"{row} >> nth=0")
    for _ in range(2):
        moving(page, row)
        for _ in range(3):
            times = times_of(page, row)
            assert max(times) - min(times) < FRAME_S, times
        page.wait_for_function("row => document.querySelector(`${row} video`).ended", arg=row, polling=20)


def test_every_video_can_be_decoded(opened: Open) -> None:
    """Each page is looked at from its top to its end."""
    for name in PAGES:
        found = opened(f"{name}.html")
        height = found.page.evaluate("document.documentElement.scrollHeight")
        for top in range(0, height, 600):
            found.page.evaluate("top => scrollTo({ top, behavior: 'instant' })", top)
            found.page.wait_for_function(
                "[...document.querySelectorAll('video[src]')].every(it => it.readyState >= 2 && !it.error)"
            )


def test_far_away_videos_are_not_loaded_and_those_left_behind_are_given_back(opened: Open) -> None:
    found = opened("relations/kicking.html", PHONE)
    moving(found.page, "#exemplars")
    media = [address for address in found.requests if "/media/" in address]
    assert len(media) == 4 * 2, "videos and stills of two exemplars"
    assert all("/media/kicking/exemplars/" in address or "/media/kicking/clips/" in address for address in media)
    show(found.page, "#analysis")
    found.page.wait_for_function("!document.querySelector('#exemplars video[src]')")
    assert opened("index.html").videos_asked_for() == []


def test_the_button_stops_all_videos_and_lets_them_go_on(opened: Open) -> None:
    page = opened("relations/kicking.html").page
    moving(page, "#exemplars")
    button = page.get_by_role("button", name="Pause videos")
    button.click()
    before = times_of(page, "#exemplars")
    page.wait_for_timeout(300)
    assert times_of(page, "#exemplars") == before
    page.get_by_role("button", name="Play videos").click()
    moving(page, "#exemplars")


def test_for_those_who_ask_for_less_motion_nothing_plays_by_itself(opened: Open) -> None:
    found = opened("relations/kicking.html", reduced_motion="reduce")
    show(found.page, "#picker")
    found.page.wait_for_function("document.querySelector('#picked video').poster")
    found.page.wait_for_timeout(300)
    assert found.videos_asked_for() == [] and set(times_of(found.page, "main")) == {0}
    found.page.get_by_role("button", name="Play videos").click()
    moving(found.page, "#picked")


def test_without_scripts_videos_are_links(browser: Browser, report: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{report.as_uri()}/relations/kicking.html")
    assert page.locator("#picker").is_hidden() and page.locator("#pause").is_hidden()
    page.locator("summary", has_text="All 12 videos").click()
    links = page.locator(".every tbody td a")
    assert links.count() == 12 and links.first.is_visible()
    assert page.locator("#exemplars noscript a").first.is_visible()
    context.close()
