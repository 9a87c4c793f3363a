"""Prompts: the package's own are balanced and well worded, and one's own file has their form."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from dreamrelation.config import load
from dreamrelation.errors import UserError
from dreamrelation.relations import RELATIONS, with_article
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.settings.prompts import Prompt, read_prompts, with_place

ROOT = Path(__file__).parents[2]
FULL: dict[str, tuple[Prompt, ...]] = read_prompts("full")
CORE: dict[str, tuple[Prompt, ...]] = read_prompts("core")
ALL = [(slug, prompt) for slug, prompts in FULL.items() for prompt in prompts]


def test_ten_for_each_relation_and_forty_in_the_short_set() -> None:
    assert list(FULL) == list(RELATIONS)
    assert all(len(prompts) == 10 for prompts in FULL.values())
    assert sum(map(len, CORE.values())) == 40 and set(CORE) == set(RELATIONS)
    assert all(prompt in FULL[slug] for slug, prompts in CORE.items() for prompt in prompts)


def test_subjects_and_places_are_balanced() -> None:
    pairs = Counter(frozenset(prompt.subjects) for _, prompt in ALL)
    assert max(pairs.values()) == 1, "each pair once, in whatever order"
    subjects = Counter(subject for _, prompt in ALL for subject in prompt.subjects)
    assert set(subjects.values()) == {13} and len(subjects) == 40
    places = Counter(prompt.place for _, prompt in ALL)
    assert set(places.values()) == {10} and None not in places
    for slug, prompts in FULL.items():
        inside = [subject for prompt in prompts for subject in prompt.subjects]
        assert len(set(inside)) == 20, f"{slug}: a subject comes twice"
        assert len({prompt.place for prompt in prompts}) == 10, f"{slug}: a place comes twice"


def test_they_are_well_worded() -> None:
    texts = [prompt.text(RELATIONS[slug]) for slug, prompt in ALL]
    assert len(set(texts)) == 260
    for (slug, prompt), text in zip(ALL, texts, strict=True):
        first, second = map(with_article, prompt.subjects)
        assert text.startswith(first.capitalize()) and second in text and text.endswith(f" {prompt.place}.")
        assert text.count(".") == 1 and "  " not in text and "{" not in text, slug
        assert "person" not in text, "they are what training has not seen"


@pytest.mark.parametrize(
    ("sentence", "place", "expected"),
    [
        ("A dog hugs a cat.", "in a library", "A dog hugs a cat in a library."),
        ("A dog <R> a cat", "in a library", "A dog <R> a cat in a library"),
        ("A dog hugs a cat.", None, "A dog hugs a cat."),
    ],
)
def test_a_place_ends_the_sentence(sentence: str, place: str | None, expected: str) -> None:
    assert with_place(sentence, place) == expected


def experiment(**generation: Any) -> ExperimentSettings:
    return load([ROOT / "config.yaml"], {"generation": generation})


def test_an_experiment_takes_a_set_by_its_name() -> None:
    settings = experiment(prompts="full", videos_per_prompt=2)
    names = settings.generation.video_names("hugging")
    assert len(names) == 20 and len(set(names)) == 20
    first = FULL["hugging"][0]
    assert names[0] == f"{first.name}_0" and first.name.count("_") == 2
    assert settings.generation.prompts_of("kicking") == FULL["kicking"]
    assert load([ROOT / "config.yaml"], settings.model_dump()) == settings, "resolved settings need the file no more"


def test_without_prompts_each_relation_has_the_pairs_of_subjects() -> None:
    generation = experiment().generation
    assert generation.prompts_of("hugging") == generation.prompts_of("kicking")
    assert [prompt.subjects for prompt in generation.prompts_of("hugging")] == list(generation.subjects or ())


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    prompt = "[{subjects: [knight, dragon], place: before a gate}]"
    file.write_text(f"prompts: {{shaking_hands: {prompt}, hugging: {prompt}, kicking: {prompt}}}")
    settings = experiment(prompts=str(file))
    (found,) = settings.generation.prompts_of("hugging")
    assert found.text(RELATIONS["hugging"]) == "A knight is hugging a dragon before a gate."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"mine\.yaml: no such file, expected prompts in YAML, or one of core, full"),
        ("prompts: [", r"mine\.yaml: cannot be read as YAML"),
        ("{}", r"mine\.yaml: prompts: Field required"),
        ("prompts: {hugging: []}", r"mine\.yaml: prompts\.hugging: Tuple should have at least 1 item"),
        ("prompts: {hugging: [{subjects: [dog]}]}", r"mine\.yaml: prompts\.hugging\.0\.subjects\.1: Field required"),
        ("prompts: {hugging: [{subjects: [a, b], place: here.}]}", r"hugging\.0\.place: found the place 'here\.'"),
        ("prompts: {hugging: [{subjects: [a, b], where: x}]}", r"hugging\.0\.where: Extra inputs are not permitted"),
        (
            "prompts: {hugging: [{subjects: [a, b]}]}",
            r"prompts: found none of shaking_hands, expected some: name a file with them",
        ),
        (
            "prompts: {shaking_hands: [{subjects: [a b, c]}, {subjects: [a-b, c]}]}",
            r"prompts\.shaking_hands: \['a b', 'c'\] and \['a-b', 'c'\] give the same file name a-b_c_0\.mp4",
        ),
    ],
)
def test_a_file_that_holds_none_is_named(tmp_path: Path, content: str | None, message: str) -> None:
    file = tmp_path / "mine.yaml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(UserError, match=message):
        experiment(prompts=str(file))


def test_neither_subjects_nor_prompts() -> None:
    with pytest.raises(UserError, match="found neither subjects nor prompts"):
        experiment(subjects=None)
