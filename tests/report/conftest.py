"""The results that the report's tests share, the pages that are made of them, and a browser that opens these."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ViewportSize
from tests.browser import open_browser
from tests.report.opened_page import DESKTOP, Open, Opened, watch
from tests.report.parsed_page import Page
from tests.report.results_tree import ODD, SUBJECTS, Results, make_settings

from dreamrelation.stages.report import run


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Two relations, two prompts (one with odd characters) and two videos each. Read only."""
    settings = make_settings(subjects=(SUBJECTS[0], ("panda", ODD)))
    return Results(tmp_path_factory.mktemp("results"), settings).write()


@pytest.fixture(scope="session")
def report(results: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the report. Read only."""
    folder = tmp_path_factory.mktemp("report") / "report"
    run(settings=results.stage, results=results.folder, report=folder, scores_table=folder.parent / "scores.csv")
    return folder


@pytest.fixture(scope="session")
def page(report: Path) -> Page:
    """The overview."""
    return Page((report / "index.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def relation_pages(results: Results, report: Path) -> dict[str, Page]:
    """Relation → its page."""
    return pages_in(report / "relations", results)


@pytest.fixture(scope="session")
def clip_pages(results: Results, report: Path) -> dict[str, Page]:
    """Relation → the page about its clips and masks."""
    return pages_in(report / "clips", results)


def pages_in(folder: Path, results: Results) -> dict[str, Page]:
    return {slug: Page((folder / f"{slug}.html").read_text(encoding="utf-8")) for slug in results.settings.relations}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Of one module: Playwright does not bear a second one beside it, as tests of other pages may have."""
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
