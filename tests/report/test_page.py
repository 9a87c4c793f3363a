"""The page: complete, without outside addresses, safe against odd texts, the same every time."""

import shutil
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from tests.report.results_tree import METHODS, ODD, Results

from dreamrelation import video
from dreamrelation.report.stage import run

VOID = {"meta", "br", "img", "link", "input", "hr", "wbr"}


@dataclass
class Page(HTMLParser):
    """What a browser would find, and whether every element is closed where it should be."""

    text: str = ""
    open_tags: list[str] = field(default_factory=list)
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.text)
        self.close()
        assert self.open_tags == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open_tags.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open_tags.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def report(results: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report") / "report"
    run(results.settings, results.folder, folder, folder.parent / "scores.csv")
    return folder


@pytest.fixture(scope="module")
def page(report: Path) -> Page:
    return Page((report / "index.html").read_text(encoding="utf-8"))


def test_one_title_and_a_section_per_relation(page: Page) -> None:
    assert len(page.all("h1")) == 1
    sections = [section["id"] for section in page.all("section")]
    assert sections == ["scores", "shaking_hands", "kicking", "clips", "settings"]


def test_shows_every_file_it_has_and_has_every_file_it_shows(report: Path, page: Page) -> None:
    shown = {film[key] for film in page.all("video") for key in ("src", "poster")}
    shown |= {link["href"] for link in page.all("a") if not (link["href"] or "").startswith("#")}
    there = {path.relative_to(report).as_posix() for path in (report / "media").rglob("*") if path.is_file()}
    assert {unquote(address or "") for address in shown} == there


def test_every_generated_video_is_there_unchanged_with_a_label(report: Path, page: Page, results: Results) -> None:
    for relation in results.settings.relations:
        for method in METHODS:
            made = sorted((results.folder / relation / method / "videos").glob("*.mp4"))
            assert len(made) == 4
            for file in made:
                assert (report / "media" / relation / method / file.name).read_bytes() == file.read_bytes()
    assert all(film["aria-label"] and "muted" in film and "loop" in film for film in page.all("video"))


def test_exemplars_are_the_selected_window_and_only_clips_with_masks(report: Path) -> None:
    films = sorted((report / "media" / "kicking" / "exemplars").glob("*.mp4"))
    assert [film.stem for film in films] == [
        "S001C001P000R001A051",
        "S001C001P000R001A051_masks",
        "S001C001P001R001A051",
        "S001C001P001R001A051_masks",
    ]
    plain, tinted = (list(video.decode(film)) for film in films[:2])
    assert len(plain) == len(tinted) == 7
    assert plain[0].shape == (64, 96, 3)
    assert tinted[0].shape == (96, 144, 3), "masks are shown at their own size"


def test_needs_nothing_from_outside(report: Path) -> None:
    text = (report / "index.html").read_text(encoding="utf-8")
    for outside in ("http:", "https:", "//www", "@import", "file:"):
        assert outside not in text
    assert "#0" not in "".join(part for part in text.split("<svg")[1:]), "charts take their colours from the page"


def test_odd_texts_stay_texts(page: Page) -> None:
    assert not page.all("b") or all(not attributes for attributes in page.all("b"))
    assert any(ODD in words for words in page.words)
    assert any(ODD in (film["aria-label"] or "") for film in page.all("video"))


def test_says_why_a_measure_is_missing(page: Page) -> None:
    text = " ".join(page.words)
    assert "Subject accuracy not measured: the judge does not know a dog" in text
    assert "n = 3" in text
    assert "a mask jumps: found 5.1, expected at most 4" in text


def test_every_clip_is_accounted_for(page: Page) -> None:
    words = [word.strip() for word in page.words if word.strip()]
    table = words[words.index("Clips accounted for") : words.index("All settings, resolved")]
    row = table[table.index("too short") :][:5]
    assert row == ["too short", "2", "2", "–", "4"], "refusals are counted by their cause"
    assert "13" in table, "the sum of all"


def test_is_the_same_every_time_and_takes_the_place_of_an_old_report(
    results: Results, report: Path, tmp_path: Path
) -> None:
    shutil.copytree(report, tmp_path / "report")
    (tmp_path / "report" / "media" / "old.mp4").write_bytes(b"")
    (tmp_path / "report" / "index.html").write_text("old")
    run(results.settings, results.folder, tmp_path / "report", tmp_path / "scores.csv")
    assert (tmp_path / "report" / "index.html").read_bytes() == (report / "index.html").read_bytes()
    assert not (tmp_path / "report" / "media" / "old.mp4").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report", "scores.csv"]
