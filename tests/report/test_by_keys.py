"""The report by the keyboard alone, and by a finger: choosing, comparing, finding."""

from pathlib import Path

from playwright.sync_api import Browser, Page
from tests.report.opened_page import PAGES, Open, moving, show
from tests.report.results_tree import METHODS, SUBJECTS, Results, make_settings

from dreamrelation.stages.report import run

TABS = 400
"""More than any of the pages has places for the focus."""
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
    page.wait_for_url("**/kicking.html#left=direct_lora&right=dreamrelation&view=side")
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
