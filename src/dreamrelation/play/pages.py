"""The pages as HTML."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dreamrelation.pages.templates import environment
from dreamrelation.play import templates
from dreamrelation.play.desk import Desk
from dreamrelation.play.form import MOST_STEPS, Typed
from dreamrelation.play.history import Broken, Entry
from dreamrelation.play.order import MOST_STRENGTH
from dreamrelation.play.state import state_of
from dreamrelation.progress import duration
from dreamrelation.settings.subjects import LONGEST

ENTRIES = 10
"""Requests on a page of the history."""


@dataclass(frozen=True)
class Cell:
    """A video in its row; as the template of videos wants it."""

    label: str
    address: str
    still: str
    width: int
    height: int
    about: str
    """For those who do not see it."""
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Row:
    """An entry of the history as it is shown."""

    id: str
    title: str
    when: datetime
    facts: str
    cells: tuple[Cell, ...] = ()
    problem: str | None = None
    """Why it is broken, if it is."""


class Pages:
    """Writes each page from what the desk knows."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.offer = desk, desk.offer
        found = environment(templates)
        self._main, self._one = found.get_template("play.html.j2"), found.get_template("one.html.j2")

    def main(self, typed: Typed, problems: dict[str, str] | None = None, number: int = 1) -> str:
        """The form, what goes on, and a page of the history."""
        ids = self.desk.history.ids()
        first = (number - 1) * ENTRIES
        return self._main.render(
            **self._shared(),
            typed=typed,
            problems=problems or {},
            rows=[row for id in ids[first : first + ENTRIES] if (row := self._row(id)) is not None],
            strengthless=[one.label for one in self.offer.methods if one.learns and not one.has_strength],
            count=len(ids),
            newer=number - 1 if number > 1 else None,
            older=number + 1 if first + ENTRIES < len(ids) else None,
            longest=LONGEST,
            most_strength=MOST_STRENGTH,
            most_steps=MOST_STEPS,
        )

    def one(self, found: Entry | Broken) -> str:
        """One entry of the history."""
        return self._one.render(**self._shared(), row=_row(found))

    def missing(self) -> str:
        return self._one.render(**self._shared(), row=None)

    def _shared(self) -> dict[str, Any]:
        return {"offer": self.offer, "state": state_of(self.desk.queue)}

    def _row(self, id: str) -> Row | None:
        found = self.desk.history.find(id)
        return None if found is None else _row(found)


def _row(found: Entry | Broken) -> Row:
    if isinstance(found, Broken):
        return Row(found.id, "A request that cannot be shown", _asked(found.id), "", problem=found.reason)
    order = found.order
    facts = [f"seed {order.seed}", f"strength {order.strength:g}", f"{order.steps} steps"]
    facts.append(f"made in {duration((found.finished - found.started).total_seconds())}")
    return Row(found.id, found.made.prompt, found.started.astimezone(), ", ".join(facts), _cells(found))


def _asked(id: str) -> datetime:
    """When a request was made, by its name."""
    return datetime.strptime(f"{id[:15]} +0000", "%Y%m%d-%H%M%S %z").astimezone()


def _cells(entry: Entry) -> tuple[Cell, ...]:
    return tuple(
        Cell(
            label=video.label,
            address=f"/videos/{entry.id}/{video.file}",
            still=f"/videos/{entry.id}/{video.still}",
            width=video.width,
            height=video.height,
            about=f"{video.label}: {entry.made.prompt}",
            facts=(
                ("Text given to the model", video.text),
                *((("Strength of the adapters", f"{video.scale:g}"),) if video.scale is not None else ()),
                *(("Adapter", adapter) for adapter in video.adapters),
                ("Size", f"{video.width} × {video.height}, {video.pixel_frames} frames"),
                ("Frames a second", str(video.frames_per_second)),
                ("Made in", duration(video.seconds)),
                ("Model", entry.made.model),
                ("SHA-256", video.sha256),
            ),
        )
        for video in entry.made.videos
    )
