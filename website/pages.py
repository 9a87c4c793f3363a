"""What the pages of the documentation link to, and under which anchors their headings stand.

The pages are read as they are in the repository: what holds there holds in the site too, into which they go unchanged
(website/stage.py).
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
AT_THE_TOP = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")
LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)(?: \"[^\"]*\")?\)")
CODE = re.compile(r"(`+)(?:(?!`).|(?<!`)`+(?!`))*?\1", re.DOTALL)
HEADING = re.compile(r"#{1,6} +(.+?) *#*$")


@dataclass(frozen=True)
class Link:
    """One link of a page."""

    page: str
    line: int
    target: str
    """As it is written: a path beside the page, with or without an anchor, an anchor alone, or an address."""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.target}"

    @property
    def is_address(self) -> bool:
        return re.match(r"[a-z]+:", self.target) is not None

    @property
    def anchor(self) -> str:
        return self.target.partition("#")[2]

    def file(self, root: Path) -> Path:
        """The file that a link of no address names."""
        path = self.target.partition("#")[0]
        return (root / self.page).parent.joinpath(path).resolve() if path else root / self.page


def pages(root: Path = REPOSITORY) -> list[str]:
    """All pages, as paths inside the repository."""
    return [*AT_THE_TOP, *sorted(path.relative_to(root).as_posix() for path in (root / "docs").glob("*.md"))]


def links(root: Path, page: str) -> Iterator[Link]:
    """The links of a page, in order; what stands in code is none."""
    prose = list(_prose((root / page).read_text(encoding="utf-8")))
    text = "\n".join(prose)
    text = CODE.sub(lambda code: re.sub(r"[^\n]", "x", code.group()), text)
    for found in LINK.finditer(text):
        yield Link(page, text.count("\n", 0, found.start()) + 1, found[1])


def anchors(text: str) -> set[str]:
    """Where the headings of a page can be jumped to."""
    seen: Counter[str] = Counter()
    found = set()
    for line in _prose(text):
        heading = HEADING.match(line)
        if heading:
            slug = github_slug(re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]))
            found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
    return found


def github_slug(text: str, separator: str = "-") -> str:
    """The anchor of a heading as GitHub makes it: small letters, spaces to hyphens, no other punctuation."""
    small = unicodedata.normalize("NFC", text).strip().lower()
    return re.sub(r"[^\w\- ]", "", small).replace(" ", separator)


def broken(root: Path = REPOSITORY) -> list[str]:
    """What is wrong with the relative links of all pages, one line each."""
    return [f"{link}: {wrong}" for page in pages(root) for link in links(root, page) if (wrong := _wrong(root, link))]


def _wrong(root: Path, link: Link) -> str:
    if link.is_address:
        return ""
    file = link.file(root)
    if not file.is_relative_to(root):
        return "leads out of the repository"
    if not file.exists():
        return "there is no such file"
    if file.is_dir():
        return "is a folder, which the site cannot show"
    if link.anchor and link.anchor not in anchors(file.read_text(encoding="utf-8")):
        return "the page has no such heading"
    return ""


def _prose(text: str) -> Iterator[str]:
    """Each line, empty where it belongs to a fenced or an indented block of code, so that lines keep their numbers."""
    fence, indented, before = "", False, ""
    for line in text.splitlines():
        bare = line.lstrip()
        mark = re.match(r"`{3,}|~{3,}", bare)
        if mark and (not fence or bare.startswith(fence)):
            fence = "" if fence else mark.group()
            yield ""
        else:
            indented = not fence and line.startswith("    ") and (indented or not before.strip())
            listed = indented and re.match(r"\s+(?:[-*] |\d+\. )", line) is not None
            yield "" if fence or (indented and not listed) else line
        before = line
