"""Links between the pages lead somewhere, in the repository and in the site that is made of them."""

from pathlib import Path

import pytest
import yaml
from website.pages import REPOSITORY, anchors, broken, github_slug, links, pages
from website.stage import stage


def test_no_link_is_broken() -> None:
    assert broken() == []


def test_links_are_found() -> None:
    """So that a reader that sees none does not pass."""
    found = [link for page in pages() for link in links(REPOSITORY, page)]
    assert sum(bool(link.anchor) for link in found) > 20
    assert sum(not link.is_address for link in found) > 80


def test_every_page_is_in_the_sites_menu() -> None:
    menu = (REPOSITORY / "website/mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2].partition("\n\n")[0]
    listed = [path for group in yaml.safe_load(menu) for path in _files(group)]
    assert sorted(listed) == sorted(pages())


def _files(entry: object) -> list[str]:
    if isinstance(entry, dict):
        return [path for value in entry.values() for path in _files(value)]
    if isinstance(entry, list):
        return [path for value in entry for path in _files(value)]
    return [str(entry)]


@pytest.mark.parametrize(
    ("heading", "slug"),
    [
        ("A kind of method", "a-kind-of-method"),
        ("ReVersion (`kind: textual_inversion`)", "reversion-kind-textual_inversion"),
        ("One & two", "one--two"),
        ("`clips/index.parquet`: one row", "clipsindexparquet-one-row"),
    ],
)
def test_anchors_are_githubs(heading: str, slug: str) -> None:
    assert github_slug(heading) == slug
    assert anchors(f"# Page\n\n## {heading}\n\n## {heading}\n") == {"page", slug, f"{slug}-1"}


PAGE = """\
# Page

[a](b.md#one) and ![picture](p.png), `[no](no.md)` and [c
d](../README.md); <https://example.org>.

```sh
[no](no.md)
```

    [no](no.md)

- a list
    - with [a link](b.md)
"""


def test_links_in_code_are_none(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(PAGE, encoding="utf-8")
    assert [(link.line, link.target) for link in links(tmp_path, "page.md")] == [
        (3, "b.md#one"),
        (3, "p.png"),
        (3, "../README.md"),
        (13, "b.md"),
    ]


def test_wrong_links_are_told(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for name in ("CHANGELOG.md", "CONTRIBUTING.md"):
        (tmp_path / name).touch()
    (tmp_path / "README.md").write_text("# A\n[](#a)[](#b)[](docs/c.md)[](docs)[](../x)[](docs/d.md#d)[](docs/d.md#e)")
    (tmp_path / "docs/d.md").write_text("# D\n[back](../README.md#a) [out](https://example.org)\n")
    assert [line.removeprefix("README.md:2: ") for line in broken(tmp_path)] == [
        "#b: the page has no such heading",
        "docs/c.md: there is no such file",
        "docs: is a folder, which the site cannot show",
        "../x: leads out of the repository",
        "docs/d.md#e: the page has no such heading",
    ]
    with pytest.raises(SystemExit, match="no such heading"):
        stage(tmp_path, tmp_path / "site")


def test_the_site_has_all_files_that_its_pages_show(tmp_path: Path) -> None:
    copied = stage(REPOSITORY, tmp_path)
    assert set(pages()) <= set(copied)
    assert "docs/demo.gif" in copied and "tests/end_to_end/my_lab/method.py" in copied
    for page in (path for path in copied if path.endswith(".md")):
        for link in links(tmp_path, page):
            assert link.is_address or link.file(tmp_path).is_file(), str(link)
