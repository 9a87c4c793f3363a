"""The commands of a study on the files that the stages before it leave."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from benchmarks.study_load import GroupPage
from tests.report.results_tree import METHODS, SUBJECTS, Results, make_settings
from tests.study.conftest import OpenStudy
from tests.study.test_app import answers

from dreamrelation.cli import main
from dreamrelation.errors import UserError
from dreamrelation.study.database import open_database
from dreamrelation.study.folder import open_study
from dreamrelation.study.raters import consent
from dreamrelation.tables.rows import VIDEOS
from dreamrelation.tables.tally import read_tally
from dreamrelation.video import decode


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Two relations, two prompts and two videos of each. Read only."""
    return Results(tmp_path_factory.mktemp("results"), make_settings(subjects=SUBJECTS)).write()


def configured(results: Results, folder: Path, **study: Any) -> Path:
    """A configuration file of these results, with these settings of the study."""
    content = results.settings.model_dump(mode="json")
    content["study"] = {"raters": 3, "checks": 2, "repeats": 0.25, **study}
    content["intervals"] = {"bootstrap_samples": 100}
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def difference(one: Path, other: Path) -> float:
    """Mean difference of two videos' pixels, in grey levels."""
    a, b = (np.stack(list(decode(path))).astype(int) for path in (one, other))
    return float(np.abs(a - b).mean())


def build(results: Results, folder: Path, **study: Any) -> tuple[int, Path]:
    """Exit status, and the study's folder."""
    config, target = configured(results, folder, **study), folder / "study"
    given = ["study", "build", "--config", str(config), "--results", str(results.folder.parent), "--study", str(target)]
    return main(given), target


def test_a_group_holds_each_methods_video_of_a_prompt_and_nothing_tells_which(results: Results, tmp_path: Path) -> None:
    status, folder = build(results, tmp_path)
    study = open_study(folder)
    assert status == 0 and study.methods == METHODS and len(study.main_groups) == 8 and len(study.groups) == 10
    for group in study.main_groups:
        sizes = {(folder / name).stat().st_size for name in group.videos}
        assert len(sizes) == 1
        for method, made_from, name in zip(METHODS, group.made_from, group.videos, strict=True):
            (row,) = [
                row
                for row in VIDEOS.read(results.folder / group.relation / method / "videos.parquet")
                if row.video == made_from
            ]
            assert (row.prompt, row.repeat) == (group.prompt, group.repeat)
            shown, made = (
                np.stack(list(decode(path)))
                for path in (folder / name, results.folder / group.relation / method / row.file)
            )
            assert shown.shape == made.shape and np.abs(shown.astype(int) - made).mean() < 4
    names = {path.name for path in (folder / "videos").iterdir()}
    assert len(names) == 10 * 4 and not [name for name in names for method in METHODS if method in name]


def test_a_check_has_one_video_that_is_not_spoilt(results: Results, tmp_path: Path) -> None:
    _, folder = build(results, tmp_path)
    study = open_study(folder)
    for group in [group for group in study.groups if group.kind == "check"]:
        case = (group.relation, group.prompt, group.repeat)
        (original,) = (one for one in study.main_groups if (one.relation, one.prompt, one.repeat) == case)
        apart = [difference(folder / a, folder / b) for a, b in zip(group.videos, original.videos, strict=True)]
        assert apart[group.evident or 0] < 1e-9 and sorted(apart)[1] > 5


def test_the_invitations_are_for_their_owner_alone(results: Results, tmp_path: Path) -> None:
    _, folder = build(results, tmp_path)
    assert (folder / "invitations.csv").stat().st_mode & 0o077 == 0
    assert main(["study", "invite", str(folder), "--raters", "2"]) == 0
    rows = list(csv.DictReader((folder / "invitations.csv").open(encoding="utf-8")))
    assert [row["rater"] for row in rows] == ["1", "2", "3", "4", "5"] and len({row["token"] for row in rows}) == 5
    assert (folder / "invitations.csv").stat().st_mode & 0o077 == 0


def test_a_study_that_people_took_part_in_is_not_built_anew(
    results: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, folder = build(results, tmp_path)
    before = open_study(folder).fingerprint
    assert build(results, tmp_path)[0] == 0  # nobody did yet
    study = open_study(folder)
    assert study.fingerprint == before  # the same seed makes the same groups
    consent(open_database(study.votes, study.fingerprint), 1)
    status, _ = build(results, tmp_path)
    assert status == 1 and "1 raters have taken part" in capsys.readouterr().err
    assert open_study(folder).votes.is_file()


def test_a_video_that_was_changed_is_shown_to_nobody(results: Results, tmp_path: Path) -> None:
    _, folder = build(results, tmp_path)
    video = next((folder / "videos").iterdir())
    content = bytearray(video.read_bytes())
    content[len(content) // 2] ^= 1
    video.write_bytes(content)
    with pytest.raises(UserError, match=rf"{video.name}: found the SHA-256 .* bring it back from a copy"):
        open_study(folder)
    assert video.is_file()


@pytest.mark.parametrize("name", ["thesis.tex", "my_analysis.csv", "plot.svg"])
def test_a_folder_of_somebody_else_is_not_touched(
    results: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / name).write_text("mine", encoding="utf-8")
    assert build(results, tmp_path)[0] == 1
    assert name in capsys.readouterr().err and (tmp_path / "study" / name).is_file()


@pytest.mark.parametrize(
    ("study", "problem"),
    [
        ({"methods": ["base", "unheard_of"]}, "'unheard_of' is not in the configuration"),
        ({"groups": 9}, "study.groups is 9, but each method made 8 videos"),
    ],
)
def test_settings_that_cannot_be_met_are_said(
    results: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str], study: dict[str, Any], problem: str
) -> None:
    assert build(results, tmp_path, **study)[0] == 1
    assert problem in capsys.readouterr().err and not (tmp_path / "study").exists()


def test_a_changed_video_and_missing_ones_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = Results(tmp_path, make_settings(relations=("kicking",))).write()
    manifest = results.folder / "kicking" / "dreamrelation" / "videos.parquet"
    rows = VIDEOS.read(manifest)
    path = manifest.parent / rows[0].file
    path.write_bytes(path.read_bytes() + b"x")
    assert build(results, tmp_path)[0] == 1
    assert f"{path}: found a file with the SHA-256" in capsys.readouterr().err
    VIDEOS.write(manifest, rows[1:])
    assert build(results, tmp_path)[0] == 1
    error = capsys.readouterr().err
    assert "dreamrelation/videos.parquet: found other prompts or repeats than base has" in error


def test_from_the_groups_to_the_tally(results: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two raters prefer what one method made, the third answers blindly and fails the checks."""
    _, folder = build(results, tmp_path, which_show=True)
    found = OpenStudy(open_study(folder))
    favourite = METHODS.index("dreamrelation")
    for rater in (1, 2, 3):
        client = found.client(rater)
        while (text := client.get("/").text).find("/answer/") > 0:
            page = GroupPage(text)
            showing = found.app.state.server.showings.of(rater, page.action.removeprefix("/answer/"))
            group = next(group for group in found.study.groups if group.group == showing.group)
            wanted = favourite if group.evident is None else group.evident
            letter = "A" if rater == 3 else "ABC"[showing.places.index(wanted)]
            client.post(page.action, data=answers(page) | dict.fromkeys(page.choices, letter))
    arguments = ["study", "tally", str(folder), "--results", str(results.folder)]
    assert main(arguments) == 0
    told, tally = capsys.readouterr().out, read_tally(folder / "tally.json")
    assert "3 raters have voted, 2 count" in told and "left out, for they failed too many checks: 3" in told
    for question in tally.questions:
        best = question.methods[favourite]
        assert (best.method, best.votes.value, best.majority.value) == ("dreamrelation", 1.0, 1.0)
        assert best.strength.value > 0 and question.votes == 16 and question.ties == 0
    assert [rater.counted for rater in tally.raters] == [True, True, False]
    assert all(rater.repeats == 3 * 2 and rater.groups == 8 for rater in tally.raters)
    assert all(rater.repeats_equal == rater.repeats for rater in tally.raters[:2])
    judged = {(one.metric, one.question): one.agreement.value for one in tally.metrics}
    assert judged["relation_accuracy", "relation"] > 0.5  # the tree's scores rise from base to dreamrelation
    assert ("fvd", "relation") not in judged and ("amount", "relation") not in judged
    assert {one.metric for one in tally.judges} >= {"relation_accuracy", "both"}
    first = json.loads((folder / "tally.json").read_text(encoding="utf-8"))
    drawing = (folder / "tally.svg").read_bytes()
    assert main(arguments) == 0
    assert json.loads((folder / "tally.json").read_text(encoding="utf-8")) == first
    assert (folder / "tally.svg").read_bytes() == drawing


def test_without_a_vote_there_is_nothing_to_tally(
    results: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, folder = build(results, tmp_path)
    assert main(["study", "tally", str(folder)]) == 1
    assert "found no vote that counts, of 0 raters" in capsys.readouterr().err


def test_what_is_kept_of_a_rater_is_written_and_deleted(
    results: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, folder = build(results, tmp_path)
    found = OpenStudy(open_study(folder))
    client = found.client(2)
    page = GroupPage(client.get("/").text)
    client.post(page.action, data=answers(page))
    export = tmp_path / "rater.json"
    assert main(["study", "rater", str(folder), "2", "--export", str(export)]) == 0
    assert len(json.loads(export.read_text(encoding="utf-8"))["answers"]) == 3
    assert main(["study", "rater", str(folder), "2", "--delete"]) == 0
    assert main(["study", "rater", str(folder), "2", "--export", str(export)]) == 1
    assert "found no rater 2, or one that was deleted" in capsys.readouterr().err


def test_a_folder_without_a_study_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("serve", "tally"):
        assert main(["study", command, str(tmp_path)]) == 1
        error = capsys.readouterr().err
        assert f"{tmp_path / 'groups.parquet'}: no such file; `dreamrelation study build` makes it" in error
