"""Pages of hostile clips, captions, subjects and relations: their markup is ours alone, and they show the texts."""

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from tests.payloads.names import COMMANDS, FILES, FORMATS, MARKUP, QUOTES, TEXTS
from tests.report.results_tree import Results, make_settings
from tests.study.small_study import write_study

from dreamrelation.puppets.theatre.render import Take
from dreamrelation.stages.report import run
from dreamrelation.study.pages import group_page
from dreamrelation.study.showings import Showing
from dreamrelation.tables.rows import SelectedClip


class Hostile(Results):
    """Clips whose names, captions and reasons are hostile."""

    def take(self, motion: str, kinds: tuple[str, str], height: int, width: int) -> Take:
        return super().take(motion, ("dog", "cat"), height, width)

    def selected(self, relation: str, number: int, take: Take) -> SelectedClip:
        clip = super().selected(relation, number, take)
        return replace(clip, clip=f"hugging-{FILES[number]}", caption=TEXTS[number % len(TEXTS)])

    def indexed(self, clip: str, relation: str | None, verdict: str, reason: str) -> Any:
        return super().indexed(clip, relation, verdict, reason + (f": {MARKUP}" if verdict == "refused" else ""))


class Markup(HTMLParser):
    """What a browser would run or load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.odd: list[tuple[str, str, str | None]] = []
        self.words: list[str] = []
        self.inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag
        for name, value in attrs:
            outside = name in ("src", "href") and (value or "").partition(":")[0] in ("javascript", "data", "x", "http")
            if name.startswith("on") or name == "srcdoc" or (outside and value != "data:,"):
                self.odd.append((tag, name, value))

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        (self.scripts if self.inside == "script" else self.words).append(data)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of one relation and one method, as small as it gets."""
    folder = tmp_path_factory.mktemp("hostile")
    subjects = (("dog $(touch pwned)", "</script><b>"), ("{x} %n", 'it\'s "quoted" \\'))
    small = {"videos_per_prompt": 1, "metrics": ("both",), "methods": ("base",)}
    settings = make_settings(("hugging",), subjects, exemplars=9, **small)
    results = Hostile(folder, settings, clips=len(FILES)).write()
    run(settings=results.stage, results=results.folder, report=folder / "report", scores_table=folder / "scores.csv")
    return folder / "report"


def test_the_report_has_no_markup_but_ours(report: Path) -> None:
    pages = sorted(report.rglob("*.html"))
    shown = ""
    for path in pages:
        found = Markup(path.read_text(encoding="utf-8"))
        assert found.odd == [] and not any("alert(1)" in script for script in found.scripts), path
        shown += " ".join(found.words)
    assert len(pages) >= 3
    for text in (MARKUP, COMMANDS, FORMATS, QUOTES, "dog $(touch pwned)", "</script><b>", FILES[0], FILES[3]):
        assert text in shown, text


def test_every_clip_of_a_hostile_name_has_its_video(report: Path) -> None:
    shown = {path.name for path in (report / "media/hugging/clips").glob("*.mp4")}
    assert shown == {f"hugging-{name}.mp4" for name in FILES[:-1]}, "the last clip has no masks"
    assert not list(report.parent.rglob("pwned"))


def test_the_study_shows_a_hostile_prompt_as_text(tmp_path: Path) -> None:
    study = write_study(tmp_path / "study", groups=1, checks=0)
    first, *others = study.groups
    for text in TEXTS:
        odd = replace(study, groups=[replace(first, prompt=f"A dog {text}", shown=text), *others])
        page = group_page(odd, Showing("name", 0, first.group, [0, 1, 2], False), rater=1, token="t", answered=0)
        found = Markup(bytes(page.body).decode())
        assert found.odd == [] and found.scripts == []
        assert f"A dog {text}" in found.words and any(f"“{text}”" in words for words in found.words)
