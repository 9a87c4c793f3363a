"""Where the report comes from: hashes, versions, what it cost, and how much room it takes."""

import platform
import shutil
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest
from tests.report.parsed_page import Page
from tests.report.results_tree import Results

from dreamrelation.errors import UserError
from dreamrelation.report.durations import Job, by_stage, read_jobs, time_text
from dreamrelation.report.sizes import bytes_of, size_text
from dreamrelation.stages.report import run
from dreamrelation.tables.rows import TRAINING, VIDEOS

HEAD = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"
TIMES = {
    "clips": (2.0, "1.5"),
    "masks/kicking": (20.0, "30.0"),
    "masks/hugging": (999.0, "999.0"),  # no relation of the experiment
    "controls/kicking/relation_accuracy": (4.0, "3.0"),
    "train/kicking/dreamrelation": (7200.0, "3600.0"),
    "train/kicking/of_yesterday": (999.0, "999.0"),  # no method of the experiment
    "sample/kicking/dreamrelation/step_200": (5.0, "4.0"),
    "generate/kicking/dreamrelation": (30.0, "60.0"),
    "evaluate/kicking/dreamrelation/amount": (0.5, "NA"),
    "evaluate/kicking/dreamrelation/of_yesterday": (999.0, "999.0"),  # no metric of the experiment
    "report": (999.0, "999.0"),  # of an earlier report
}


@pytest.fixture
def timed(results: Results, tmp_path: Path) -> Path:
    """The results with benchmarks of some jobs."""
    folder = Path(shutil.copytree(results.folder, tmp_path / "results"))
    for name, (seconds, processors) in TIMES.items():
        path = folder / "benchmarks" / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{HEAD}{seconds}\t0:00:12\t1\t1\t1\t1\t1\t1\t90\t{processors}\n", encoding="utf-8")
    return folder


def test_jobs_of_the_experiment_are_read_and_no_others(timed: Path, results: Results) -> None:
    jobs = read_jobs(timed / "benchmarks", results.settings)
    assert set(jobs) == {
        Job("clips", None, None, 2.0, 1.5),
        Job("masks", "kicking", None, 20.0, 30.0),
        Job("controls", "kicking", None, 4.0, 3.0),
        Job("train", "kicking", "dreamrelation", 7200.0, 3600.0),
        Job("sample", "kicking", "dreamrelation", 5.0, 4.0),
        Job("generate", "kicking", "dreamrelation", 30.0, 60.0),
        Job("evaluate", "kicking", "dreamrelation", 0.5, None),
    }
    assert len(jobs) == 7


def test_stages_are_summed_with_the_longest_first() -> None:
    jobs = [Job("masks", "a", None, 1.0, None), Job("clips", None, None, 2.0, 1.0), Job("masks", "b", None, 3.0, 5.0)]
    assert [(it.title, it.jobs, it.seconds, it.processor_seconds) for it in by_stage(jobs)] == [
        ("masks", 2, 4.0, 5.0), ("clips", 1, 2.0, 1.0),
    ]  # fmt: skip


@pytest.mark.parametrize("content", ["", HEAD, "a\tb\n1\t2\n", HEAD.replace("cpu_time", "else") + "1\t" * 9 + "1\n"])
def test_what_is_no_benchmark_is_named(timed: Path, results: Results, content: str) -> None:
    (timed / "benchmarks" / "clips.tsv").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=r"benchmarks/clips\.tsv: found no benchmark of Snakemake, expected columns s"):
        read_jobs(timed / "benchmarks", results.settings)


def test_the_cost_is_told_by_stage_by_method_and_as_a_whole(timed: Path, results: Results, tmp_path: Path) -> None:
    run(settings=results.stage, results=timed, report=tmp_path / "report", scores_table=tmp_path / "scores.csv")
    page = Page((tmp_path / "report" / "index.html").read_text(encoding="utf-8"))
    stages, methods = (table.texts for table in page.of_class("narrow"))
    assert stages[1] == ["train", "1", "2.0 h", "60 min"] and stages[-1] == ["All", "7", "2.0 h", "62 min"]
    assert methods[1:] == [
        ["Base model", "not recorded"],
        ["Direct LoRA", "not recorded"],
        ["DreamRelation", "4", "2.0 h", "61 min"],
    ]
    assert "7 jobs took 2.0 h on the clock" in page.text
    of_relation = Page((tmp_path / "report" / "relations" / "kicking.html").read_text(encoding="utf-8"))
    (table,) = of_relation.of_class("made-by")
    assert [row[-3:] for row in table.texts[1:]] == [
        ["–", "not recorded", "not recorded"], ["not recorded"] * 3, ["2.0 h", "30 s", "0 s"],
    ]  # fmt: skip


def test_without_benchmarks_nothing_is_made_up(page: Page, relation_pages: dict[str, Page]) -> None:
    assert "Not recorded: no stage left a benchmark file" in page.text and not page.of_class("narrow")
    for of_relation in relation_pages.values():
        (table,) = of_relation.of_class("made-by")
        assert [row[-3:] for row in table.texts[1:]] == [
            ["–", "not recorded", "not recorded"], *[["not recorded"] * 3] * 2,
        ]  # fmt: skip


def test_each_method_is_told_with_its_adapters_sampling_and_steps(results: Results, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(results.folder, tmp_path / "results"))
    path = folder / "kicking" / "dreamrelation" / "videos.parquet"
    digests = ("relation:" + "a1" * 32, "ffn:" + "b2" * 32)
    VIDEOS.write(path, [replace(row, adapters=digests) for row in VIDEOS.read(path)])
    run(settings=results.stage, results=folder, report=tmp_path / "report", scores_table=tmp_path / "scores.csv")
    page = Page((tmp_path / "report" / "relations" / "kicking.html").read_text(encoding="utf-8"))
    (table,) = page.of_class("made-by")
    rows = {row[0]: row[1:5] for row in table.texts[1:]}
    sampling = "2 steps, guidance 1; 7 frames of 64 × 96 at 10 per second"
    steps = TRAINING.read(folder / "kicking" / "dreamrelation" / "training.parquet")
    trained = f"{len(steps)} steps, {sum(step.seconds for step in steps):.0f} s in them"
    assert rows["DreamRelation"] == [trained, sampling, "mochi", "relation a1a1a1a1a1a1… ffn b2b2b2b2b2b2…"]
    assert rows["Base model"] == ["nothing of its own", sampling, "mochi", "none"]
    assert {code.get("title") for code in page.all("code")} >= {"a1" * 32, "b2" * 32}, "the whole digest"


def test_versions_models_and_settings_are_told(page: Page) -> None:
    words = " ".join(" ".join(page.words).split())
    assert f"Python {platform.python_version()} dreamrelation" in words and f"torch {version('torch')}" in words
    assert "Base model mochi Settings fingerprint" in words


def test_the_overview_tells_the_folders_size_and_each_relations_share(page: Page, report: Path) -> None:
    words = " ".join(" ".join(page.words).split())
    files = [path for path in report.rglob("*") if path.is_file()]
    assert f"{size_text(sum(path.stat().st_size for path in files))} in this folder" in words
    for slug in ("shaking_hands", "kicking"):
        own = [path for path in files if slug in path.relative_to(report).parts or path.stem == slug]
        title = slug.replace("_", " ").capitalize()
        share = size_text(sum(path.stat().st_size for path in own))
        assert f"12 videos, {share}" in words[words.index(f"{title} Base model") :][:160]


def test_sizes_and_times_are_written_as_people_write_them(tmp_path: Path) -> None:
    assert [size_text(size) for size in (0, 812_345, 1_000_000, 41_234_567, 2_600_000_000)] == [
        "0 kB", "812 kB", "1.0 MB", "41.2 MB", "2.6 GB",
    ]  # fmt: skip
    times = [time_text(seconds) for seconds in (0.4, 99, 600, 5999, 36_000)]
    assert times == ["0 s", "99 s", "10 min", "100 min", "10.0 h"]
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "file").write_bytes(b"123")
    assert bytes_of(tmp_path, tmp_path / "inner" / "file", tmp_path / "nothing") == 6
