"""The page of all settings is complete and up to date."""

from pathlib import Path

from dreamrelation.config import load
from dreamrelation.settings.reference import PLACES, Section, default_text, kinds, sections, text, type_text

ROOT = Path(__file__).parents[2]


def listed() -> dict[str, Section]:
    return {section.place: section for section in (*sections(), *kinds())}


def test_the_page_is_up_to_date() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert page == text(), "run: python -m dreamrelation.settings.reference > docs/settings.md"


def test_every_setting_is_on_the_page() -> None:
    page = listed()
    top = load([ROOT / "config.yaml"])
    inside = {place.partition(" (source: ")[0].removesuffix(".NAME") for place in page if " (kind: " not in place}
    assert set(page[""].fields) | {place for place in inside if "." not in place} - {""} == set(type(top).model_fields)
    assert {"data (source: ntu)", "data (source: folder)"} <= set(page)
    for place, registry in PLACES.items():
        for kind in registry.known:
            section = page[f"{place} (kind: {kind})"]
            inner = {p.rpartition(".")[2] for p in page if p.startswith(f"{section.place}.")}
            assert set(section.fields) | inner == set(registry.settings_of(kind).model_fields)


def test_every_setting_and_every_section_has_a_description() -> None:
    for place, section in listed().items():
        assert section.description, place
        for name, field in section.fields.items():
            obvious = name in ("kind", "source") or place.endswith("precision")
            assert field.get("description") or obvious, f"{place}.{name}"


def test_types_and_defaults_are_in_words() -> None:
    training, puppets = listed()["training"], listed()["puppets"]
    assert type_text(training.fields["gradient_norm"]) == "number > 0 or null"
    assert type_text(training.fields["caption_dropout"]) == "share"
    assert type_text(training.fields["steps"]) == "whole number ≥ 1, ≤ 10000000"
    assert type_text(listed()["latents"].fields["pooling"]) == "`area` or `released_code`"
    assert type_text(listed()[""].fields["metrics"]) == "settings by kind"
    assert default_text(training, "learning_rate") == "`0.0002`"
    assert default_text(puppets, "folder") == "–"
