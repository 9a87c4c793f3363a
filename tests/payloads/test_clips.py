"""Clips of hostile names and captions: taken as they are or refused with a reason, and nothing is run."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.data.test_own_clips import run, settings
from tests.payloads.names import FILES, REFUSED_FILES, TEXTS

from dreamrelation.segmentation.contact_sheet import strip, write_contact_sheet
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.tables.rows import cause
from dreamrelation.video import encode

COUNT = {"clips": {"per_relation": len(FILES), "minimum": len(FILES)}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One clip under all of these names."""
    inside = tmp_path / "my $(touch pwned) {clips}" / "hugging"
    inside.mkdir(parents=True)
    frames = np.zeros((30, 72, 128, 3), np.uint8)
    for moment in range(30):
        frames[moment, 20:60, 3 * moment : 3 * moment + 20] = 200
    encode(tmp_path / "clip.mp4", frames, 10)
    for name in (*FILES, *REFUSED_FILES):
        os.link(tmp_path / "clip.mp4", inside / name)
    return inside.parent


def test_hostile_names_are_taken_or_refused_with_a_reason(
    theatre_settings: ExperimentSettings, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    captions = {f"hugging-{name}": TEXTS[number % len(TEXTS)] for number, name in enumerate(FILES)}
    lines = ["clip\tcaption", *("\t".join(pair) for pair in captions.items())]
    (tmp_path / "captions.tsv").write_text("\n".join(lines), encoding="utf-8")
    data = {"source": "folder", "folder": str(folder), "captions": str(tmp_path / "captions.tsv")}
    experiment = settings(theatre_settings, folder, relations=["hugging"], data=data, **COUNT)
    index, selection = run(experiment, tmp_path)
    assert {row.clip: row.caption for row in selection} == captions
    assert all(Path(row.video).is_file() for row in selection)
    reasons = sorted(cause(row.reason) for row in index if row.verdict == "refused")
    assert reasons == sorted(REFUSED_FILES.values())
    assert not list(tmp_path.rglob("pwned")) and not Path("pwned").exists()


def test_the_contact_sheet_shows_hostile_names(tmp_path: Path) -> None:
    frames = np.zeros((3, 16, 24, 3), np.uint8)
    rows = [strip(name, frames, None, text, refused=True) for name, text in zip(FILES, TEXTS, strict=False)]
    write_contact_sheet(tmp_path / "masks.png", "hugging", rows)
    assert Image.open(tmp_path / "masks.png").height > 100


@pytest.mark.parametrize("text", [*TEXTS, "two\nlines", "\u202eback", "x" * 600])
def test_hostile_subjects_and_places_are_refused_or_give_plain_file_names(
    theatre_settings: ExperimentSettings, text: str
) -> None:
    prompt = {"subjects": [f"dog {text}", "cat"], "place": f"in {text}"}
    for given in (prompt, prompt | {"place": None}, prompt | {"subjects": ["dog", "cat"]}):
        generation = theatre_settings.generation.model_dump() | {"subjects": None, "prompts": {"hugging": [given]}}
        try:
            read = type(theatre_settings.generation).model_validate(generation)
        except ValueError as error:
            assert any(word in str(error) for word in ("the subject", "the place"))
            continue
        (made,) = read.prompts_of("hugging")
        assert made.name.replace("_", "").replace("-", "").isalnum() and len(made.name.encode()) < 200
        assert text in f"{made.subjects[0]} {made.place}"


@pytest.mark.parametrize("text", [*TEXTS, "a.b", "A", "two\nlines", "x\n", "", "x" * 65])
@pytest.mark.parametrize("what", ["experiment", "methods", "metrics", "relations"])
def test_names_that_stand_in_paths_are_names(theatre_settings: ExperimentSettings, what: str, text: str) -> None:
    given = theatre_settings.model_dump()
    if what == "experiment":
        given[what] = text
    elif what == "relations":
        given[what] = [text]
    else:
        given[what] = {text: next(iter(given[what].values()))}
    with pytest.raises(ValueError, match="String should"):
        ExperimentSettings.model_validate(given)
