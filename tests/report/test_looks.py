"""What the report looks like in a real browser: nothing sticks out, texts stand out, everything has a name."""

from typing import Literal

import pytest
from playwright.sync_api import ViewportSize
from tests.report.opened_page import DESKTOP, PAGES, PHONE, Open


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
