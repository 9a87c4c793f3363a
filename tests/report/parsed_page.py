"""A page as a browser would find it."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "br", "img", "link", "input", "hr", "wbr"}


@dataclass
class Cell:
    """Of a table."""

    classes: str
    style: str = ""
    parts: list[str] = field(default_factory=list)
    """Its text, apart by elements."""


@dataclass
class Table:
    """Of the page."""

    classes: str
    rows: list[list[Cell]] = field(default_factory=list)

    @property
    def texts(self) -> list[list[str]]:
        return [[" ".join(cell.parts) for cell in row] for row in self.rows]


@dataclass
class Page(HTMLParser):
    """What a browser would find, and whether every element is closed where it should be."""

    text: str = ""
    open_tags: list[str] = field(default_factory=list)
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.text)
        self.close()
        assert self.open_tags == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open_tags.append(tag)
        found = {name: value or "" for name, value in attrs}
        if tag == "table":
            self.tables.append(Table(found.get("class", "")))
        if tag == "tr":
            self.tables[-1].rows.append([])
        if tag in ("td", "th"):
            self.tables[-1].rows[-1].append(Cell(found.get("class", ""), found.get("style", "")))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open_tags.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if {"td", "th"} & set(self.open_tags) and data.strip():
            self.tables[-1].rows[-1][-1].parts.append(data.strip())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def of_class(self, name: str) -> list[Table]:
        return [table for table in self.tables if name in table.classes.split()]
