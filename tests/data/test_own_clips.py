"""Clips of one's own: which are found, what their relation says, and which part of them is used."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreamrelation.config import from_mapping
from dreamrelation.errors import UserError
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.settings.overlay import overlay
from dreamrelation.settings.stages import Chosen, ClipsStage, GenerateStage, PromptsStage
from dreamrelation.stages import clips
from dreamrelation.stages.prompts import needed_texts
from dreamrelation.tables.rows import INDEX, SELECTION, IndexedClip, SelectedClip, cause
from dreamrelation.video import encode

JUGGLING = 'predicate: "is juggling with {other}"\ncaption: Two clowns juggle.\nactor: right\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four clips of juggling, two of hugging, and what else lies about in people's folders."""
    top = tmp_path / "my clips"
    for relation, count in (("juggling", 4), ("hugging", 2)):
        (top / relation).mkdir(parents=True)
        for number in range(count):
            frames = np.zeros((30, 72, 128, 3), np.uint8)
            for moment in range(30):
                frames[moment, 20:60, 3 * moment : 3 * moment + 20] = 200
            encode(top / relation / f"take {number}.{('mp4', 'mkv', 'mov', 'avi')[number]}", frames, 10)
    (top / "juggling" / "relation.yaml").write_text(JUGGLING)
    (top / "juggling" / ".DS_Store").write_text("hidden")
    return top


def settings(base: ExperimentSettings, folder: Path, **over: Any) -> ExperimentSettings:
    own = {
        "relations": ["juggling", "hugging"],
        "data": {"source": "folder", "folder": str(folder)},
        "puppets": None,
        "clips": {"per_relation": 3, "minimum": 2},
        "metrics": dict.fromkeys(base.metrics),
    }
    return from_mapping(overlay(overlay(base.model_dump(), own), over), "the test")


def run(experiment: ExperimentSettings, place: Path) -> tuple[list[IndexedClip], list[SelectedClip]]:
    index, selection = place / "index.parquet", place / "selection.parquet"
    clips.run(settings=ClipsStage.of(experiment), memo=place / "memo.jsonl", index=index, selection=selection)
    return INDEX.read(index), SELECTION.read(selection)


def test_the_middle_of_each_clip_is_used(theatre_settings: ExperimentSettings, folder: Path, tmp_path: Path) -> None:
    index, selection = run(settings(theatre_settings, folder), tmp_path)
    assert [row.relation for row in selection].count("juggling") == 3
    assert {row.verdict for row in index} == {"selected", "spare"} and len(index) == 6
    row = next(row for row in selection if row.relation == "juggling")
    assert row.frames == tuple(range(6, 25)) and row.window_rule == "middle"
    assert (row.crop_left, row.crop_top, row.crop_width, row.crop_height) == (10, 0, 108, 72)
    assert (row.caption, row.skeleton, row.subject_rule) == ("Two clowns juggle.", None, "right")
    hug = next(row for row in selection if row.relation == "hugging")
    assert (hug.caption, hug.subject_rule) == ("A person is hugging a person.", "left")


def test_prompts_say_the_relation_s_predicate(theatre_settings: ExperimentSettings, folder: Path) -> None:
    experiment = settings(theatre_settings, folder)
    for relation, prompt in (("juggling", "A dog is juggling with a cat."), ("hugging", "A dog is hugging a cat.")):
        assert prompt in needed_texts(PromptsStage.of(experiment, Chosen(relation=relation)))
    generation = GenerateStage.of(experiment, Chosen("direct_lora", relation="juggling"))
    assert generation.relation.caption("owl", "fox") == "An owl is juggling with a fox."


def test_resolved_settings_need_the_folder_no_more(theatre_settings: ExperimentSettings, folder: Path) -> None:
    """A job is given what the relation was when it was planned."""
    experiment = settings(theatre_settings, folder)
    (folder / "juggling" / "relation.yaml").unlink()
    again = ExperimentSettings.model_validate_json(experiment.model_dump_json())
    assert again.relation("juggling") == experiment.relation("juggling")
    with pytest.raises(UserError, match=r"juggling/relation\.yaml: no such file, expected one that says what"):
        settings(theatre_settings, folder)


def test_files_that_cannot_be_used_have_their_reason(
    theatre_settings: ExperimentSettings, folder: Path, tmp_path: Path
) -> None:
    (folder / "notes.txt").write_text("what I filmed")
    (folder / "juggling" / "notes.txt").write_text("what I filmed")
    (folder / "juggling" / "deep").mkdir()
    shutil.copy(folder / "juggling" / "take 0.mp4", folder / "juggling" / "deep" / "more.mp4")
    (folder / "swimming").mkdir()
    shutil.copy(folder / "juggling" / "take 0.mp4", folder / "swimming")
    encode(folder / "juggling" / "short.mp4", np.zeros((9, 72, 128, 3), np.uint8), 10)
    index, _ = run(settings(theatre_settings, folder), tmp_path)
    reasons = {row.clip: cause(row.reason) for row in index if row.verdict == "refused"}
    assert reasons == {
        "notes.txt": "no relation",
        "juggling-notes.txt": "unreadable video",
        "swimming-take 0.mp4": "not asked for",
        "juggling-short.mp4": "too short",
    }
    assert "juggling-deep-more.mp4" in {row.clip for row in index} - set(reasons)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "input should be a valid dictionary"),
        ("predicate: is hugging", r"predicate: found 'is hugging', expected a text with \{other\} in it"),
        ('predicate: "is hugging {other} and {else}"', "predicate: found"),
        ('predicate: "is hugging {other}"\nverb: hug', "verb: Extra inputs"),
        ('predicate: "is hugging {other}"\nactor: loudest', "actor: Input should be 'hand'"),
        ("[", "cannot be read as YAML"),
    ],
)
def test_a_relation_that_says_too_little_is_named(
    theatre_settings: ExperimentSettings, folder: Path, text: str, message: str
) -> None:
    (folder / "juggling" / "relation.yaml").write_text(text)
    with pytest.raises(UserError, match=rf"(?i)juggling/relation\.yaml: {message}"):
        settings(theatre_settings, folder)


def test_a_byte_order_mark_does_no_harm(theatre_settings: ExperimentSettings, folder: Path) -> None:
    (folder / "juggling" / "relation.yaml").write_text(JUGGLING, encoding="utf-8-sig")
    assert settings(theatre_settings, folder).relation("juggling").predicate == "is juggling with {other}"


def test_a_source_that_is_not_there_and_keys_of_another_one_are_named(
    theatre_settings: ExperimentSettings, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="data: source is 'disk', expected one of ntu, folder"):
        settings(theatre_settings, folder, data={"source": "disk"})
    with pytest.raises(UserError, match="data.video: unknown key"):
        settings(theatre_settings, folder, data={"video": "x"})
    empty = tmp_path / "empty"
    (empty / "hugging").mkdir(parents=True)
    with pytest.raises(UserError, match=r"empty \(data.folder\): found no sub-folder with a video"):
        run(settings(theatre_settings, empty, relations=["hugging"]), tmp_path)


@pytest.mark.parametrize(
    "predicate",
    ["is hugging {other:>999999999}", "is hugging {other.__class__}", "is hugging {other!r}", "is {0} {other}",
     "is hugging {other} {self}", "is hugging {other", "is hugging {{other}}", "is hugging {other}\\n---",
     "is hugging {other}\\u202e"],
)  # fmt: skip
def test_a_predicate_is_no_format_of_its_own(
    theatre_settings: ExperimentSettings, folder: Path, predicate: str
) -> None:
    """A folder of clips may be somebody else's: what it says is text, and the first of these would take a gigabyte."""
    (folder / "juggling" / "relation.yaml").write_text(f'predicate: "{predicate}"\n')
    with pytest.raises(UserError, match=r"juggling/relation\.yaml: predicate: found .*, expected"):
        settings(theatre_settings, folder)


@pytest.mark.parametrize(
    "text", ["[" * 5000, "predicate: 2001-99-99", "predicate: &a [*a]", "predicate: !!python/name:os.system"]
)
def test_a_file_that_makes_the_reader_stumble_is_told_of(
    theatre_settings: ExperimentSettings, folder: Path, text: str
) -> None:
    (folder / "juggling" / "relation.yaml").write_text(text)
    with pytest.raises(UserError, match=r"juggling/relation\.yaml: "):
        settings(theatre_settings, folder)


def test_lists_of_lists_of_lists_take_no_memory(theatre_settings: ExperimentSettings, folder: Path) -> None:
    lines = [
        "a: &a [x, x]",
        *(f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]" for n in range(20)),
    ]
    (folder / "juggling" / "relation.yaml").write_text("\n".join([*lines, "predicate: *t"]))
    with pytest.raises(UserError, match=r"juggling/relation\.yaml: "):
        settings(theatre_settings, folder)


@pytest.mark.parametrize(
    "name", ["../juggling", "juggling/..", "/etc", "a.b", "(a|b)", "A B", "-rf", "{x}", "report", "logs"]
)
def test_a_relation_s_name_is_no_path_or_pattern_and_none_of_our_folders(
    theatre_settings: ExperimentSettings, folder: Path, name: str
) -> None:
    """It stands in paths and in Snakemake's patterns."""
    with pytest.raises(UserError, match=r"relations\.0: .*(pattern|that of a folder of ours)"):
        settings(theatre_settings, folder, relations=[name, "hugging"])
