"""The page of all settings is complete and up to date."""

from pathlib import Path

from pydantic import BaseModel

from dreamrelation.config import load
from dreamrelation.settings.reference import Section, default_text, sections, text, type_text

ROOT = Path(__file__).parents[2]


def listed() -> dict[str, Section]:
    return {section.place: section for section in sections()}


def dotted(settings: BaseModel, place: str = "") -> set[str]:
    """Places of all values of some settings."""
    places: set[str] = set()
    for name in type(settings).model_fields:
        value, inner = getattr(settings, name), f"{place}.{name}".strip(".")
        places |= dotted(value, inner) if isinstance(value, BaseModel) else {inner}
    return places


def test_the_page_is_up_to_date() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert page == text(), "run: python -m dreamrelation.settings.reference > docs/settings.md"


def test_every_setting_is_on_the_page() -> None:
    shown = {f"{place}.{name}".strip(".") for place, section in listed().items() for name in section.fields}
    assert shown == dotted(load([ROOT / "config.yaml"]))


def test_every_setting_and_every_section_has_a_description() -> None:
    for place, section in listed().items():
        assert section.description, place
        for name, field in section.fields.items():
            assert field.get("description"), f"{place}.{name}"


def test_types_and_defaults_are_in_words() -> None:
    training, puppets = listed()["training"], listed()["puppets"]
    assert type_text(training.fields["gradient_norm"]) == "number > 0 or null"
    assert type_text(training.fields["caption_dropout"]) == "share"
    assert type_text(training.fields["mask_weighting"]) == "`linear` or `released_code`"
    assert default_text(training, "learning_rate") == "`0.0002`"
    assert default_text(puppets, "folder") == "–"
