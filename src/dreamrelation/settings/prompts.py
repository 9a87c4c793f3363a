"""Prompts: who does a relation, and where. Those of the package are in `prompts.yaml`; one's own file has its form."""

from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, Field, ValidationError

from dreamrelation.errors import UserError
from dreamrelation.relations import Relation
from dreamrelation.settings.base import UNREADABLE, Name, Settings
from dreamrelation.settings.subjects import LONGEST, Subject, prompt_name, slug

OURS = Path(__file__).with_suffix(".yaml")
SETS = ("core", "full")
"""Of the package's prompts: the short set, and all."""


def _checked_place(place: str) -> str:
    fits = place.isprintable() and place == place.strip() and not place.endswith((".", "!", "?", ","))
    if not fits or " " not in place or len(place) > LONGEST or not slug(place):
        raise UserError(
            f"found the place {place!r}, expected the end of a sentence without its full stop, such as 'in a library',"
            f" {LONGEST} characters at the most"
        )
    return place


Place = Annotated[str, AfterValidator(_checked_place)]


class Prompt(Settings):
    """What a video is to show, but for the relation."""

    subjects: tuple[Subject, Subject]
    """Subject 1, who acts where the relation has an actor, and subject 2."""
    place: Place | None = None
    """Such as "in a library": it ends the sentence. `None`: no place is named."""
    core: bool = False
    """Whether it is of the short set."""

    @property
    def name(self) -> str:
        """For file names."""
        return prompt_name(self.subjects, self.place)

    def text(self, relation: Relation) -> str:
        """Such as 'A dog is shaking hands with a cat in a library.'"""
        return with_place(relation.caption(*self.subjects), self.place)


def with_place(sentence: str, place: str | None) -> str:
    """A sentence that ends in the place, before its full stop if it has one."""
    if place is None:
        return sentence
    return f"{sentence[:-1]} {place}." if sentence.endswith(".") else f"{sentence} {place}"


Prompts = Annotated[dict[Name, Annotated[tuple[Prompt, ...], Field(min_length=1)]], Field(min_length=1)]
"""Relation → its prompts."""


class PromptFile(Settings):
    """A file of prompts."""

    prompts: Prompts


def read_prompts(source: Any) -> Any:
    """Prompts by relation, from a file or from the package's sets; what is no text is given back as it is.

    Raises UserError where there is no such file, or it does not hold prompts.
    """
    if not isinstance(source, str):
        return source
    found = _read(OURS if source in SETS else Path(source))
    if source != "core":
        return found.prompts
    short = {name: tuple(prompt for prompt in prompts if prompt.core) for name, prompts in found.prompts.items()}
    return {name: prompts for name, prompts in short.items() if prompts}


def _read(path: Path) -> PromptFile:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
        return PromptFile.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UserError(f"{path}: {place}: {first['msg'].removeprefix('Value error, ')}") from None
    except FileNotFoundError:
        raise UserError(f"{path}: no such file, expected prompts in YAML, or one of {', '.join(SETS)}") from None
    except UNREADABLE as error:
        raise UserError(f"{path}: cannot be read as YAML: {error}") from None
