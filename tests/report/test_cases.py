"""The best, the median and the worst case, and the prompts that can be chosen, of a large study only some."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.report.parsed_page import Page
from tests.report.results_tree import METHODS, Results, make_settings

from dreamrelation.report.cases import Case, chosen_cases, ordered_cases
from dreamrelation.report.inputs import Method, Video
from dreamrelation.settings.report import ReportSettings
from dreamrelation.settings.table_stages import ReportStage
from dreamrelation.stages.report import run
from dreamrelation.tables.rows import SCORES, VIDEOS, GeneratedVideo, VideoScore

Said = tuple[float | None, float | None]
"""Value and confidence."""


def method(name: str, said: Mapping[tuple[str, int], Said]) -> Method:
    """From what the metric says of its videos."""
    videos = []
    for (prompt, repeat), (value, confidence) in said.items():
        facts = dict.fromkeys(GeneratedVideo.__dataclass_fields__) | {"prompt": prompt, "repeat": repeat}
        score = VideoScore("", prompt, value, confidence, "")
        videos.append(Video(GeneratedVideo(**facts), Path(f"{name}-{prompt}-{repeat}"), {"seen": score}))  # pyright: ignore
    return Method(name, [], videos, {})


def places(cases: list[Case]) -> list[tuple[str, int]]:
    return [(case.prompt, case.repeat) for case in cases]


A = {("q", 0): (1.0, 0.9), ("q", 1): (1.0, 0.6), ("p", 0): (0.0, 0.2), ("p", 1): (0.0, 0.1), ("p", 2): (0.0, 0.9)}
B = {("q", 0): (0.0, 0.1), ("q", 1): (1.0, 0.6), ("p", 0): (1.0, 0.9), ("p", 1): (0.0, 0.2), ("p", 2): (1.0, 0.1)}


@pytest.mark.parametrize("methods", [("a", "b"), ("b", "a")])
def test_cases_are_ordered_by_value_then_confidence_then_prompt_and_repeat(methods: tuple[str, str]) -> None:
    """(p, 2) and (q, 0) are equal in both; q was generated first. The order of the methods has no say."""
    made = {"a": method("a", A), "b": method("b", B)}
    ordered = ordered_cases([made[name] for name in methods], "seen")
    assert places(ordered) == [("q", 1), ("p", 0), ("q", 0), ("p", 2), ("p", 1)]
    assert [(title, *places([case])) for title, case in chosen_cases(ordered)] == [
        ("Best", ("q", 1)), ("Median", ("q", 0)), ("Worst", ("p", 1)),
    ]  # fmt: skip
    for case in ordered:
        names = [video.path.name for video in case.videos]
        assert names == [f"{name}-{case.prompt}-{case.repeat}" for name in methods]


def test_repeats_settle_what_nothing_else_does() -> None:
    said: dict[tuple[str, int], Said] = {("p", repeat): (1.0, None) for repeat in (2, 0, 1)}
    assert places(ordered_cases([method("a", said)], "seen")) == [("p", 0), ("p", 1), ("p", 2)]


def test_a_case_that_was_not_judged_for_all_methods_is_none() -> None:
    assert places(ordered_cases([method("a", A), method("b", B | {("q", 1): (None, None)})], "seen"))[0] == ("p", 0)
    assert ordered_cases([method("a", dict.fromkeys(A, (None, None)))], "seen") == []


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, []),
        (1, [("Best", 0)]),
        (2, [("Best", 0), ("Worst", 1)]),
        (3, [("Best", 0), ("Median", 1), ("Worst", 2)]),
        (6, [("Best", 0), ("Median", 3), ("Worst", 5)]),
    ],
)
def test_no_case_is_shown_twice(count: int, expected: list[tuple[str, int]]) -> None:
    cases = ordered_cases([method("a", {("p", n): (1.0, None) for n in range(count)})], "seen") if count else []
    assert [(title, case.repeat) for title, case in chosen_cases(cases)] == expected


def test_cases_stand_before_all_videos_with_every_method(report: Path, results: Results) -> None:
    for relation in results.settings.relations:
        text = (report / "relations" / f"{relation}.html").read_text(encoding="utf-8")
        section = text[text.index('<section class="card" id="cases"') :]
        cases, _, rest = section.partition('<section class="card" id="prompts"')
        titles = ["Best", "Median", "Worst"]
        blocks = cases.split('<div class="prompt case">')[1:]
        assert [title for block in blocks for title in titles if f'"tag">{title}</span>' in block] == titles
        shown = [sources(block, relation) for block in blocks]
        assert [len(of_case) for of_case in shown] == [3, 3, 3]
        expected = expected_cases(results, relation)
        assert len(expected) == 3, "the one that the judge slept through is left out"
        assert shown == [expected[0], expected[1], expected[2]]
        for block, of_case in zip(blocks, shown, strict=True):
            yes = sum(verdict(results, relation, source) for source in of_case)
            assert f"Both seen: {yes} of 3 methods" in block
        assert len(sources(rest[: rest.index("</section>")], relation)) == 12, "those of the cases stand there again"
        told = " ".join(" ".join(Page(text).words).split())
        assert "the 3 of 4 cases of which every video was judged are ordered by the mean of “Both seen” over" in told


def sources(block: str, relation: str) -> list[str]:
    """Method and file of the block's videos."""
    return re.findall(rf'<video data-src="../media/{relation}/([^"]+)"', block)


def test_every_prompt_and_seed_can_be_chosen_in_the_order_of_generation(report: Path, results: Results) -> None:
    for relation in results.settings.relations:
        text = (report / "relations" / f"{relation}.html").read_text(encoding="utf-8")
        rows = VIDEOS.read(results.folder / relation / "base" / "videos.parquet")
        of_file = {row.file.removeprefix("videos/"): row for row in rows}
        templates = re.findall(r"<template ([^>]+)>(.*?)</template>", text, re.DOTALL)
        for (said, content), (prompt, seed) in zip(templates, [(1, 1), (1, 2), (2, 1), (2, 2)], strict=True):
            shown = sources(content, relation)
            assert [source.split("/")[0] for source in shown] == list(METHODS)
            (file,) = {source.split("/")[1] for source in shown}
            row = of_file[file]
            assert said == f'data-prompt="{prompt}" data-seed="{seed}" data-seed-value="{row.seed}"'
            assert (row.repeat, row.prompt) == (seed - 1, list(dict.fromkeys(one.prompt for one in rows))[prompt - 1])
            assert f'<a href="#prompt={prompt}&amp;seed={seed}">' in text


def scores(results: Results, relation: str, method: str) -> dict[str, VideoScore]:
    """File → what the verdict's metric says."""
    folder = results.folder / relation / method
    found = {row.video: row for row in SCORES.read(folder / "scores" / "both.parquet")}
    return {Path(row.file).name: found[row.video] for row in VIDEOS.read(folder / "videos.parquet")}


def verdict(results: Results, relation: str, source: str) -> bool:
    name, file = source.split("/")
    return scores(results, relation, name)[file].value == 1


def expected_cases(results: Results, relation: str) -> list[list[str]]:
    """The files of each case, the best first: the tree numbers them by prompt and repeat, alike for all methods."""
    found = [scores(results, relation, name) for name in METHODS]
    keys = {}
    for file in found[0]:
        of_case = [of_method[file] for of_method in found]
        values = [score.value for score in of_case]
        if None not in values:
            sure = sum(score.confidence or 0.0 for score in of_case) / 3
            keys[file] = (-sum(value or 0.0 for value in values), -sure, file)
    return [[f"{name}/{file}" for name in METHODS] for file in sorted(keys, key=lambda file: keys[file])]


SUBJECTS = (("dog", "cat"), ("panda", "fox"), ("cat", "bear"), ("frog", "dog"))


def media_of(folder: Path, relation: str) -> set[str]:
    """Of the methods: the clips that they learnt from and what the analysis drew are shown on their own."""
    files = (folder / "media" / relation).rglob("*.mp4")
    of_clips = {"exemplars", "clips", "analysis"}
    return {
        path.relative_to(folder / "media" / relation).as_posix() for path in files if not of_clips & set(path.parts)
    }


@pytest.mark.parametrize("prompts", [1, 4, None])
def test_only_the_first_prompts_can_be_chosen_and_only_what_is_shown_is_copied(
    large: Results, tmp_path: Path, prompts: int | None
) -> None:
    settings = large.settings.model_copy(update={"report": ReportSettings(exemplars=1, prompts=prompts)})
    stage = ReportStage.of(settings)
    run(settings=stage, results=large.folder, report=tmp_path / "report", scores_table=tmp_path / "scores.csv")
    text = (tmp_path / "report" / "relations" / "kicking.html").read_text(encoding="utf-8")
    expected = {f"{name}/{number:02d}.mp4" for name in METHODS for number in range(2 * min(prompts or 4, 4))}
    ordered = expected_cases(large, "kicking")
    assert len(ordered) == 7
    of_cases = {source for place in (0, 3, 6) for source in ordered[place]}
    assert media_of(tmp_path / "report", "kicking") == expected | of_cases
    assert (f"Of the first {prompts} of 4 prompts." in text) == (prompts == 1)
    assert text.count("<template ") == 2 * min(prompts or 4, 4)
    assert (of_cases <= expected) == (prompts != 1), "the cases come from all prompts"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """One relation, four prompts and two videos each; of the second one of the base model there is no verdict."""
    settings = make_settings(relations=("kicking",), subjects=SUBJECTS)
    return Results(tmp_path_factory.mktemp("large"), settings).write()


def test_without_cases_exactly_the_first_prompts_videos_are_there(tmp_path: Path) -> None:
    settings = make_settings(relations=("kicking",), metrics=("amount",), prompts=1)
    bare = Results(tmp_path / "bare", settings).write()
    run(settings=bare.stage, results=bare.folder, report=tmp_path / "report", scores_table=tmp_path / "scores.csv")
    expected = {f"{name}/{number:02d}.mp4" for name in METHODS for number in (0, 1)}
    assert media_of(tmp_path / "report", "kicking") == expected
    text = (tmp_path / "report" / "relations" / "kicking.html").read_text(encoding="utf-8")
    assert "Of the first 1 of 2 prompts." in text and "The cases above" not in text
