"""What the report refuses, and the table of scores."""

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.report.results_tree import METRICS, Results, make_settings

from dreamrelation.errors import UserError
from dreamrelation.report.score_tables import MEANS
from dreamrelation.settings.table_stages import ReportStage
from dreamrelation.stages.report import run
from dreamrelation.tables.rows import MASKS, SCORES


@pytest.fixture
def own(results: Results, tmp_path: Path) -> Path:
    """A copy of the results that a test may spoil."""
    return Path(shutil.copytree(results.folder, tmp_path / "results"))


def change(path: Path, **values: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def run_in(tmp_path: Path, results: Results, folder: Path) -> str:
    """The overview and the relations' pages, one after another."""
    run(
        settings=results.stage,
        results=folder,
        report=tmp_path / "report",
        scores_table=tmp_path / "tables" / "scores.csv",
    )
    pages = [tmp_path / "report" / "index.html", *sorted((tmp_path / "report" / "relations").glob("*.html"))]
    return "".join(page.read_text(encoding="utf-8") for page in pages)


def test_table_holds_the_numbers_of_the_evaluation(results: Results, tmp_path: Path) -> None:
    run_in(tmp_path, results, results.folder)
    with (tmp_path / "tables" / "scores.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = {}
    for row in rows:
        numbers = {key: None if row[key] == "" else float(row[key]) for key in MEANS}
        found[row["relation"], row["method"], row["metric"]] = numbers
    expected = {}
    for relation in results.settings.relations:
        evaluation = json.loads((results.folder / relation / "evaluation.json").read_text())
        for method, metrics in evaluation["methods"].items():
            for metric, numbers in metrics.items():
                corrected = numbers.get("corrected") or dict.fromkeys(("mean", "low", "high"))
                told = {key: numbers[key] for key in ("mean", "low", "high", "count", "missing")}
                told["deviation"] = (numbers.get("passes") or {"deviation": None})["deviation"]
                told |= {"corrected": corrected["mean"]}
                told |= {f"corrected_{limit}": corrected[limit] for limit in ("low", "high")}
                expected[relation, method, metric] = told
    assert found == expected
    assert len(rows) == len(found) == 2 * 3 * 6
    assert [row["metric"] for row in rows[:6]] == list(METRICS)


@pytest.mark.parametrize(
    "missing",
    [
        "clips/index.parquet",
        "clips/selection.parquet",
        "kicking/evaluation.json",
        "kicking/masks.parquet",
        "kicking/masks.png",
        "kicking/rejections.parquet",
        "kicking/dreamrelation/training.parquet",
        "kicking/base/videos.parquet",
        "kicking/base/scores/amount.parquet",
        "kicking/base/videos/01.mp4",
        "tables/comparison.csv",
        "tables/differences.csv",
    ],
)
def test_a_missing_file_is_named(results: Results, own: Path, tmp_path: Path, missing: str) -> None:
    (own / missing).unlink()
    with pytest.raises(UserError, match=missing.replace(".", r"\.")):
        run_in(tmp_path, results, own)
    assert not (tmp_path / "report").exists()
    assert not (tmp_path / "tables" / "scores.csv").exists()


def test_an_exchanged_video_is_refused(results: Results, own: Path, tmp_path: Path) -> None:
    shutil.copy(own / "kicking" / "base" / "videos" / "00.mp4", own / "kicking" / "base" / "videos" / "01.mp4")
    with pytest.raises(UserError, match=r"kicking/base/videos/01\.mp4: found a file with the SHA-256"):
        run_in(tmp_path, results, own)


def test_an_evaluation_of_another_relation_is_refused(results: Results, own: Path, tmp_path: Path) -> None:
    shutil.copy(own / "kicking" / "evaluation.json", own / "shaking_hands" / "evaluation.json")
    with pytest.raises(UserError, match=r"shaking_hands/evaluation\.json: found the relation 'kicking'"):
        run_in(tmp_path, results, own)


def test_an_evaluation_without_a_method_is_refused(results: Results, own: Path, tmp_path: Path) -> None:
    change(own / "kicking" / "evaluation.json", methods={})
    with pytest.raises(UserError, match=r"kicking/evaluation\.json: found no both of base"):
        run_in(tmp_path, results, own)


def test_an_evaluation_without_a_metric_is_refused(results: Results, own: Path, tmp_path: Path) -> None:
    path = own / "kicking" / "evaluation.json"
    metrics = json.loads(path.read_text())["metrics"]
    change(path, metrics={name: metric for name, metric in metrics.items() if name != "amount"})
    with pytest.raises(UserError, match=r"kicking/evaluation\.json: found the metrics .* expected .*'amount'"):
        run_in(tmp_path, results, own)


def test_relations_judged_by_different_judges_are_refused(results: Results, own: Path, tmp_path: Path) -> None:
    path = own / "kicking" / "evaluation.json"
    metrics = json.loads(path.read_text())["metrics"]
    metrics["both"]["note"] = "By another judge."
    change(path, metrics=metrics)
    with pytest.raises(UserError, match=r"kicking/evaluation\.json: found other metrics than shaking_hands has"):
        run_in(tmp_path, results, own)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ('{"experiment": ', "not valid JSON"),
        ("[]", "not the output of the summarise stage"),
        ('{"relation": "kicking", "methods": {}}', "not the output of the summarise stage"),
        (
            '{"relation": "kicking", "confidence": 1, "metrics": {"a": {"tag": 1}}, "controls": {}, "methods": {}}',
            "not the output of the summarise stage",
        ),
    ],
)
def test_a_broken_evaluation_is_refused(results: Results, own: Path, tmp_path: Path, broken: str, message: str) -> None:
    (own / "kicking" / "evaluation.json").write_text(broken)
    with pytest.raises(UserError, match=rf"kicking/evaluation\.json: {message}"):
        run_in(tmp_path, results, own)


def test_a_video_without_a_score_is_named(results: Results, own: Path, tmp_path: Path) -> None:
    path = own / "kicking" / "base" / "scores" / "amount.parquet"
    SCORES.write(path, SCORES.read(path)[:-1])
    with pytest.raises(UserError, match=r"scores/amount\.parquet: found no score of the video kicking-base-03"):
        run_in(tmp_path, results, own)


def test_methods_must_show_the_same_prompts(results: Results, own: Path, tmp_path: Path) -> None:
    shutil.copy(own / "shaking_hands" / "base" / "videos.parquet", own / "kicking" / "base")
    shutil.copytree(own / "shaking_hands" / "base" / "scores", own / "kicking" / "base" / "scores", dirs_exist_ok=True)
    with pytest.raises(UserError, match=r"direct_lora/videos\.parquet: found other prompts"):
        run_in(tmp_path, results, own)


def test_a_clip_that_lacks_a_mask_is_named(results: Results, own: Path, tmp_path: Path) -> None:
    path = own / "kicking" / "masks.parquet"
    MASKS.write(path, MASKS.read(path)[1:])
    with pytest.raises(UserError, match="S001C001P000R001A051: found 13 masks of 7 frames"):
        run_in(tmp_path, results, own)


def test_masks_of_another_size_are_refused(results: Results, own: Path, tmp_path: Path) -> None:
    experiment = results.settings
    larger = experiment.model_copy(update={"clips": experiment.clips.model_copy(update={"height": 96, "width": 144})})
    with pytest.raises(UserError, match=r"S001C001P000R001A058: found masks of 64 × 96, expected 96 × 144"):
        run(
            settings=ReportStage.of(larger),
            results=own,
            report=tmp_path / "report",
            scores_table=tmp_path / "scores.csv",
        )


def without_values(evaluation: Path, scores: Path, metric: str) -> None:
    """Leave a metric without any value, as where no subject is known."""
    nothing = {"mean": None, "low": None, "high": None, "interval": None, "count": 0, "missing": 4}
    content: dict[str, Any] = json.loads(evaluation.read_text())
    content["methods"] = {method: found | {metric: nothing} for method, found in content["methods"].items()}
    evaluation.write_text(json.dumps(content))
    for path in scores.glob(f"*/scores/{metric}.parquet"):
        SCORES.write(path, [replace(row, value=None, confidence=None, detail="unknown") for row in SCORES.read(path)])


def test_what_nobody_measured_is_not_made_up(results: Results, own: Path, tmp_path: Path) -> None:
    for relation in results.settings.relations:
        without_values(own / relation / "evaluation.json", own / relation, "both")
    for table in ("comparison", "differences"):
        path = own / "tables" / f"{table}.csv"
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(line for line in lines if not line.startswith("both,")))
    text = run_in(tmp_path, results, own)
    assert "Not measured: Both seen." in text
    assert "not judged" in text
    assert "Both seen not measured: unknown" in text
    assert 'class="headline"' not in text, "no chart of nothing"
    assert "Both seen (relation and subjects):" not in text, "nothing in the lead"
    assert 'title="relation and subjects; higher is better"' not in text, "no column"
    assert "✓ 0" not in text and "✗ 0" not in text
    assert "Best, median and worst" not in text, "no case of what nobody judged"
    assert "Relation accuracy: the row’s method less the column’s" in text, "the next metric is compared"


def test_without_metrics_the_page_says_so(tmp_path: Path) -> None:
    settings = make_settings(relations=("kicking",), videos_per_prompt=1, metrics=())
    bare = Results(tmp_path / "bare", settings).write()
    text = run_in(tmp_path, bare, bare.folder)
    assert "No metric is set, so nothing was measured." in text
    assert "not judged" not in text and 'class="verdict' not in text and "real clips asked" not in text
    assert (tmp_path / "tables" / "scores.csv").read_text().splitlines() == [
        "relation,method,metric,mean,low,high,count,missing,deviation,corrected,corrected_low,corrected_high"
    ]


def test_without_a_metric_that_says_yes_or_no_nothing_is_judged(tmp_path: Path) -> None:
    settings = make_settings(relations=("kicking",), videos_per_prompt=1, metrics=("amount", "subject_accuracy"))
    bare = Results(tmp_path / "bare", settings).write()
    text = run_in(tmp_path, bare, bare.folder)
    assert "not judged" not in text and 'class="verdict' not in text and "Best, median and worst" not in text
    assert "Amount of motion (how much moves): mean and 95% confidence interval" in text
