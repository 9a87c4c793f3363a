"""The report in a real browser, opened as a file: it plays in step, is quiet, fits, and needs no mouse."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, Request, ViewportSize
from tests.browser import open_browser
from tests.report.results_tree import METHODS, SUBJECTS, Results, make_settings

from dreamrelation.stages.report import run

PAGES = ("index", "relations/kicking", "clips/kicking")
DESKTOP, PHONE = ViewportSize(width=1440, height=900), ViewportSize(width=390, height=844)
FRAME_S = 0.1
"""The small report's videos have 10 frames per second."""
TABS = 400
"""More than any of the pages has places for the focus."""


@dataclass
class Opened:
    """A page with what was asked for and what it complained about while it was open."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def videos_asked_for(self) -> list[str]:
        return [address for address in self.requests if address.endswith(".mp4")]


Open = Callable[..., Opened]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with open_browser() as found:
        yield found


@pytest.fixture
def opened(browser: Browser, report: Path) -> Iterator[Open]:
    """Opens a page of the small report; when the test ends, nothing may have been complained about."""
    contexts, pages = [], []

    def of(name: str, size: ViewportSize = DESKTOP, **how: Any) -> Opened:
        contexts.append(browser.new_context(viewport=size, **how))
        found = Opened(contexts[-1].new_page())
        watch(found)
        found.page.goto(f"{report.as_uri()}/{name}")
        pages.append(found)
        return found

    yield of
    for context in contexts:
        context.close()
    for found in pages:
        assert found.complaints == []
        assert {address.partition(":")[0] for address in found.requests} <= {"file", "data", "blob"}


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_nothing_sticks_out(opened: Open, size: ViewportSize, scheme: Literal["light", "dark"]) -> None:
    for name in PAGES:
        page = opened(f"{name}.html", size, color_scheme=scheme).page
        page.evaluate("document.querySelectorAll('details').forEach(it => { it.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name


CONTRASTS = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const channels = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const ground = (it) => {
    for (; it; it = it.parentElement) {
      const found = channels(getComputedStyle(it).backgroundColor);
      if (found[3] > 250) return found;
    }
    return [255, 255, 255];
  };
  const light = (colour) => {
    const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = colour.map((value) => linear(value / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const found = {};
  for (const it of document.querySelectorAll("body, body *")) {
    const hasText = [...it.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!hasText || it.closest("svg, template, script, noscript")) continue;
    const [a, b] = [light(channels(getComputedStyle(it).color)), light(ground(it))];
    const ratio = Math.max(a, b) / Math.min(a, b);
    const name = `${it.tagName} ${it.className} ${it.textContent.trim().slice(0, 30)}`;
    if (ratio < 4.5) found[name] = ratio;
  }
  return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_from_their_ground(opened: Open, scheme: Literal["light", "dark"]) -> None:
    """By the contrast of WCAG 2, 4.5 to 1, each text in the page on the ground that it has."""
    for name in PAGES:
        assert opened(f"{name}.html", color_scheme=scheme).page.evaluate(CONTRASTS) == {}, name


VARIABLES = """() => {
  const value = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return ["ground", "surface", "sunken", "soft", "ink", "muted", "accent", "good", "good-soft", "bad", "bad-soft"]
    .map((name) => [name, value(`--${name}`)]);
}"""
ON = [
    *((text, ground) for text in ("ink", "muted") for ground in ("ground", "surface", "sunken")),
    *(("accent", ground) for ground in ("ground", "surface", "soft")),
    *(("good", "good-soft"), ("bad", "bad-soft")),
]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_style_sheets_colours_have_enough_contrast(opened: Open, scheme: Literal["light", "dark"]) -> None:
    colours = dict(opened("index.html", color_scheme=scheme).page.evaluate(VARIABLES))
    weak = {pair: contrast(*(colours[name] for name in pair)) for pair in ON}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}


def contrast(one: str, other: str) -> float:
    """Of two colours as #rrggbb, by WCAG 2."""

    def light(colour: str) -> float:
        shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05

    return max(light(one), light(other)) / min(light(one), light(other))


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


NAMED = "button, select, input, video, img, a, summary, fieldset, svg[role=img]"
NAMELESS = """(named) => [...document.querySelectorAll(named)]
  .filter((it) => {
    const labels = [...(it.labels ?? [])].map((label) => label.textContent);
    const own = ["A", "BUTTON", "SUMMARY"].includes(it.tagName) ? it.textContent : "";
    const legend = it.querySelector("legend")?.textContent;
    const words = [it.getAttribute("aria-label"), it.getAttribute("alt"), legend, own, ...labels];
    return !words.some((text) => text?.trim());
  }).map((it) => it.outerHTML.slice(0, 120))"""


def test_everything_has_a_name(opened: Open) -> None:
    for name in PAGES:
        assert opened(f"{name}.html").page.evaluate(NAMELESS, NAMED) == [], name


FOCUSED = """() => {
  const it = document.activeElement, style = getComputedStyle(it), after = getComputedStyle(it, "::after");
  const outlined = (of) => of.outlineStyle !== "none" && parseFloat(of.outlineWidth) >= 2;
  const said = it.getAttribute("href") ?? it.getAttribute("aria-label") ?? it.value ?? it.textContent;
  const key = it.id || `${it.tagName} ${said}`;
  const place = it.getBoundingClientRect();
  return [key, outlined(style) || outlined(after), place.width > 0 && place.height > 0, it === document.body];
}"""


def tab_through(page: Page) -> list[str]:
    """What the focus comes to, one after another; each must be seen to have it."""
    found = []
    for _ in range(TABS):
        page.keyboard.press("Tab")
        key, is_outlined, is_there, is_over = page.evaluate(FOCUSED)
        if is_over or (found and key == found[0]):
            return found
        assert is_outlined and is_there, key
        found.append(key)
    raise AssertionError(f"the focus does not come to an end: {found}")


def test_everything_is_reached_by_the_keyboard_and_seen_to_have_the_focus(opened: Open) -> None:
    stops = {name: tab_through(opened(f"{name}.html").page) for name in PAGES}
    assert {"pause", "A relations/kicking.html", "A relations/shaking_hands.html"} <= set(stops["index"])
    order = [key for key in stops["relations/kicking"] if key in ("prompt", "seed", "left", "right", "wipe")]
    assert order == ["prompt", "seed", "left", "right", "wipe"]
    assert {"pause", "BUTTON Next prompt", "BUTTON Previous seed", "INPUT wipe"} <= set(stops["relations/kicking"])


def tab_to(page: Page, key: str) -> None:
    for _ in range(TABS):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED)[0] == key:
            return
    raise AssertionError(f"the focus does not come to {key}")


def shown(page: Page, row: str) -> list[str]:
    """Method and file of a row's videos."""
    sources = page.evaluate("row => [...document.querySelectorAll(`${row} video`)].map(it => it.dataset.src)", row)
    return [source.removeprefix("../media/kicking/") for source in sources]


def of(number: int) -> list[str]:
    """The videos of this number, of each method."""
    return [f"{method}/{number:02d}.mp4" for method in METHODS]


def test_prompt_and_seed_are_chosen_by_keys_and_kept_in_the_address(opened: Open) -> None:
    found = opened("relations/kicking.html")
    page = found.page
    assert shown(page, "#picked") == of(0)
    tab_to(page, "prompt")
    page.keyboard.press("ArrowRight")
    assert shown(page, "#picked") == of(2) and page.url.endswith("#prompt=2&seed=1")
    moving(page, "#picked")
    tab_to(page, "seed")
    page.keyboard.press("ArrowLeft")
    assert shown(page, "#picked") == of(3) and page.url.endswith("#prompt=2&seed=2"), "before the first is the last"
    tab_to(page, "BUTTON Next seed")
    page.keyboard.press("Enter")
    assert shown(page, "#picked") == of(2)
    page.keyboard.press("ArrowLeft")
    assert shown(page, "#picked") == of(3), "the buttons know the arrow keys, too"
    assert "seed" in page.locator("#told").inner_text().lower()
    again = opened(page.url.rpartition("/report/")[2]).page
    assert shown(again, "#picked") == of(3) == [*shown(again, "#stage")[:1], of(3)[1], *shown(again, "#stage")[1:]]
    again.locator("summary", has_text="in one table").click()
    again.locator(".every tbody th a").first.click()
    again.wait_for_function("document.activeElement.id === 'prompt'")
    assert shown(again, "#picked") == of(0)


def test_a_fragment_that_chooses_nothing_is_passed_over(opened: Open) -> None:
    for fragment in ("scores", "prompt=99&seed=1", "prompt=1&seed=7&left=nobody&view=sideways"):
        page = opened(f"relations/kicking.html#{fragment}").page
        assert shown(page, "#picked") == of(0) and page.locator("#wipe").is_visible()


PLACES = """() => ["left", "right"].map((side) => (
  document.querySelector(`#stage .${side} video`).getBoundingClientRect().toJSON()))"""


def test_two_methods_are_compared_by_keys_as_a_wipe_and_side_by_side(opened: Open) -> None:
    page = opened("relations/kicking.html").page
    assert shown(page, "#stage") == ["base/00.mp4", "dreamrelation/00.mp4"]
    tab_to(page, "left")
    page.keyboard.press("ArrowRight")
    assert shown(page, "#stage") == ["direct_lora/00.mp4", "dreamrelation/00.mp4"]
    tab_to(page, "INPUT wipe")
    tab_to(page, "wipe")
    page.keyboard.press("Home")
    covered = page.locator("#stage .right")
    assert covered.evaluate("it => getComputedStyle(it).clipPath") == "inset(0px 0px 0px 0%)"
    page.keyboard.press("ArrowRight")
    assert covered.evaluate("it => getComputedStyle(it).clipPath") == "inset(0px 0px 0px 1%)"
    assert page.locator("#wipe").get_attribute("aria-valuetext") == "1% Direct LoRA, 99% DreamRelation"
    left, right = page.evaluate(PLACES)
    assert left == right, "one lies exactly over the other"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowDown")
    assert page.url.endswith("left=direct_lora&right=dreamrelation&view=side")
    left, right = page.evaluate(PLACES)
    assert right["left"] >= left["right"] and right["top"] == left["top"]
    assert page.locator("#wipe").is_hidden()


def test_the_wipe_follows_a_finger(opened: Open) -> None:
    page = opened("relations/kicking.html").page
    show(page, "#comparison")
    box = page.locator("#stage").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2, steps=3)
    page.mouse.up()
    page.mouse.move(box["x"] + box["width"] / 3, box["y"] + box["height"] / 2)
    assert page.locator("#wipe").input_value() == "25"


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


def test_a_relation_among_many_is_found_by_its_name_or_action(opened: Open, browser: Browser, tmp_path: Path) -> None:
    slugs = ("kicking", "hugging", "shaking_hands", "punch_slap", "pushing", "high_five", "follow")
    settings = make_settings(slugs, SUBJECTS[:1], 1, 1, metrics=("amount",), methods=("base",))
    many = Results(tmp_path, settings, clips=2).write()
    report = tmp_path / "report"
    run(settings=many.stage, results=many.folder, report=report, scores_table=tmp_path / "scores.csv")
    page = browser.new_page()
    page.goto((report / "index.html").as_uri())
    cards = page.locator("#cards > li:visible h3")
    assert cards.count() == 7 and page.locator("#found").inner_text() == ""
    page.get_by_label("Find a relation").fill("hand SHAK")
    assert cards.all_inner_texts() == ["Shaking hands"] and page.locator("#found").inner_text() == "1 of 7"
    page.get_by_label("Find a relation").fill("a055")
    assert cards.all_inner_texts() == ["Hugging"]
    page.get_by_label("Find a relation").fill("")
    assert cards.count() == 7
    page.close()
    assert opened("index.html").page.locator("#filter").count() == 0, "a few relations need none"
