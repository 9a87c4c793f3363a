"""The pages: complete, without outside addresses, safe against odd texts, the same every time."""

import hashlib
import json
import shutil
from pathlib import Path
from urllib.parse import unquote

import numpy as np
from tests.report.parsed_page import Page
from tests.report.results_tree import JUDGED, METHODS, METRICS, ODD, Results

from dreamrelation import video
from dreamrelation.stages.report import run
from dreamrelation.tables.rows import SCORES

Pages = dict[str, Page]
"""Relation → its page."""


def test_one_title_and_its_sections_on_each_page(page: Page, relation_pages: Pages, clip_pages: Pages) -> None:
    assert [section["id"] for section in page.all("section")] == [
        "relations", "scores", "analysis", "clips", "provenance", "settings",
    ]  # fmt: skip
    for of_relation in relation_pages.values():
        sections = [section["id"] for section in of_relation.all("section")]
        assert sections == ["exemplars", "cases", "prompts", "scores", "training", "analysis", "provenance"]
    for each in (page, *relation_pages.values(), *clip_pages.values()):
        assert len(each.all("h1")) == 1


def addresses(report: Path, of_page: Path) -> set[str]:
    """Files of the report that a page shows or leads to."""
    found = Page(of_page.read_text(encoding="utf-8"))
    shown = {it[key] for it in found.all("video") for key in ("data-src", "data-poster")}
    shown |= {it["src"] for tag in ("img", "script") for it in found.all(tag)}
    shown |= {it["href"] for tag in ("a", "link") for it in found.all(tag)}
    local = {unquote(address or "").partition("#")[0] for address in shown} - {"", "data:,"}
    return {(of_page.parent / address).resolve().relative_to(report).as_posix() for address in local}


def test_shows_every_file_it_has_and_has_every_file_it_shows(report: Path) -> None:
    pages = [*report.glob("*.html"), *report.glob("*/*.html")]
    shown = {address for each in pages for address in addresses(report.resolve(), each)}
    there = {path.relative_to(report).as_posix() for path in report.rglob("*") if path.is_file()}
    assert shown == there and len(pages) == 5


def test_no_video_is_loaded_before_it_is_near(page: Page, relation_pages: Pages, clip_pages: Pages) -> None:
    for each in (page, *relation_pages.values(), *clip_pages.values()):
        assert not [it for it in each.all("video") if "src" in it or "poster" in it or it["preload"] != "none"]
        assert all(it["loading"] == "lazy" for it in each.all("img"))


def test_without_scripts_there_is_a_link_to_every_video(relation_pages: Pages) -> None:
    for of_relation in relation_pages.values():
        links = {link["href"] for link in of_relation.all("a")}
        assert {it["data-src"] for it in of_relation.all("video")} <= links


def test_every_generated_video_is_there_unchanged_with_a_label(
    report: Path, relation_pages: Pages, results: Results
) -> None:
    for relation in results.settings.relations:
        for method in METHODS:
            made = sorted((results.folder / relation / method / "videos").glob("*.mp4"))
            assert len(made) == 4
            for file in made:
                assert (report / "media" / relation / method / file.name).read_bytes() == file.read_bytes()
                digest = hashlib.sha256(file.read_bytes()).hexdigest()
                assert f"{file.name}</a>, SHA-256 {digest[:16]}…" in relation_pages[relation].text
        assert all(it["aria-label"] and "muted" in it for it in relation_pages[relation].all("video"))


def test_exemplars_are_the_selected_window_and_only_clips_with_masks(report: Path, relation_pages: Pages) -> None:
    media = report / "media" / "kicking"
    names = [path.stem for path in sorted((media / "exemplars").glob("*.mp4"))]
    assert names == ["S001C001P000R001A051", "S001C001P001R001A051"]
    sources = [video["data-src"] for video in relation_pages["kicking"].all("video")][:4]
    assert sources == [f"../media/kicking/{place}/{name}.mp4" for name in names for place in ("exemplars", "clips")]
    plain, tinted = (list(video.decode(media / place / f"{names[0]}.mp4")) for place in ("exemplars", "clips"))
    assert len(plain) == len(tinted) == 7
    assert plain[0].shape == (64, 96, 3)
    assert tinted[0].shape == (64, 96, 3)
    changed = np.abs(np.stack(tinted).astype(int) - np.stack(plain)).max(axis=-1) > 30
    assert changed[:, 12:48, 20:30].mean() > 0.8, "subject 1 is tinted"
    assert changed[:, :8].mean() < 0.01 and changed[:, 52:].mean() < 0.01, "the rest is left alone"


def test_needs_nothing_from_outside(report: Path) -> None:
    files = [path for path in report.rglob("*") if path.suffix in (".html", ".css", ".js")]
    assert len(files) == 5 + 7
    for file in files:
        text = file.read_text(encoding="utf-8")
        for outside in ("http:", "https:", "//www", "@import", "file:", "fetch(", 'type="module"'):
            assert outside not in text, file
        assert "#0" not in "".join(part for part in text.split("<svg")[1:]), "charts take their colours from the page"


def test_odd_texts_stay_texts(relation_pages: Pages) -> None:
    for page in relation_pages.values():
        assert not page.all("b") or all(not attributes for attributes in page.all("b"))
        assert any(ODD in words for words in page.words)
        assert any(ODD in (it["aria-label"] or "") for it in page.all("video"))


def test_says_why_a_score_is_missing(relation_pages: Pages) -> None:
    text = " ".join(relation_pages["kicking"].words)
    assert "Subject accuracy not measured: the judge does not know a dog" in text
    assert "Both seen not measured: the judge was asleep" in text
    assert "n = 3" in text
    assert "a mask jumps: found 5.1, expected at most 4" in text


def test_the_first_metric_is_in_the_lead_and_in_the_chart(page: Page, results: Results) -> None:
    means = []
    for method in METHODS:
        of_relations = []
        for relation in results.settings.relations:
            evaluation = json.loads((results.folder / relation / "evaluation.json").read_text())
            of_relations.append(evaluation["methods"][method]["both"]["mean"])
        means.append(f"{100 * np.mean(of_relations):.1f}%")
    told = "Base model {}, Direct LoRA {}, DreamRelation {}".format(*means)
    assert f"Both seen (relation and subjects): {told}." in " ".join(page.words)
    assert f"Both seen: {told}" in [chart.get("aria-label") for chart in page.all("svg")]


def test_every_metric_has_a_column_with_its_label_and_unit(page: Page) -> None:
    words = [word.strip() for word in page.words if word.strip()]
    heads = words[words.index("Method") :][: 2 + len(METRICS) + 2]
    assert heads == [
        "Method", "Videos", "Both seen", "Relation accuracy", "Subject accuracy", "Temporal consistency", "cosine",
        "Amount of motion", "pixels per frame", "FVD",
    ]  # fmt: skip
    assert "distance to real videos; lower is better" in [head.get("title") for head in page.all("th")]


def test_notes_are_told_once_for_the_metrics_that_share_them(page: Page) -> None:
    words = [word.strip() for word in page.words]
    assert words.count(JUDGED) == 1
    assert "Relation accuracy, Subject accuracy" in words
    assert "By optical flow." in words and "By I3D." in words


def test_a_cell_tells_what_the_first_share_says_and_the_details_of_the_others(results: Results, report: Path) -> None:
    folder = results.folder / "shaking_hands" / "dreamrelation"
    both, relation = (SCORES.read(folder / "scores" / f"{name}.parquet")[0] for name in ("both", "relation_accuracy"))
    text = (report / "relations" / "shaking_hands.html").read_text(encoding="utf-8")
    cell = text[text.index('data-src="../media/shaking_hands/dreamrelation/00.mp4') :]
    cell = cell[: cell.index("</figure>")]
    answer = "yes" if both.value else "no"
    assert f"Both seen: {answer}, confidence {both.confidence:.2f}." in cell
    assert ("✓" in cell, "✗" in cell) == (answer == "yes", answer == "no")
    assert "<div>saw point finger (0.61), dog and cat</div>" in cell
    assert f"Relation accuracy <b>{'yes' if relation.value else 'no'} ({relation.confidence:.2f})</b>" in cell
    assert "saw point finger (0.61); the judge" in cell
    assert "7 frames; features" in cell


def test_a_share_is_shown_with_its_passes_and_corrected_for_the_controls(relation_pages: Pages) -> None:
    page = relation_pages["kicking"]
    assert "± 1.2 in 10 passes" in page.text
    assert "Relation accuracy, corrected for that (Rogan and Gladen 1978;" in page.text
    assert "Base model –, as yes to 50% of all clips is too close" in page.text
    assert "25.0% (12.5% to 50.0%)" in page.text


def test_controls_tell_what_a_metric_says_of_real_clips(relation_pages: Pages) -> None:
    told = "Relation accuracy is 100.0% over 10 that show it and 5.0% over 20 that show another one."
    assert all(told in " ".join(page.words) for page in relation_pages.values())


def test_the_papers_numbers_stand_beside_ours(page: Page, results: Results) -> None:
    words = [word.strip() for word in page.words if word.strip()]
    table = words[words.index("The paper's numbers, for orientation") :]
    row = table[table.index("DreamRelation") :][:9]
    assert row[1::2] == ["44.5%", "0.325", "0.995", "2080"]
    assert row[4] == "–", "CLIP-T was not measured"
    assert row[8] == "1913", "FVD was"


def test_the_figure_of_the_models_matrices_is_there_with_words_for_those_who_do_not_see_it(
    page: Page, report: Path
) -> None:
    pictures = {picture["src"] or "": picture["alt"] or "" for picture in page.all("img")}
    ((source, words),) = [one for one in pictures.items() if one[0].endswith("subspaces.svg")]
    assert (report / source).is_file() and "query and key" in words


def test_the_features_are_shown_with_their_prompts(page: Page) -> None:
    assert [picture for picture in page.all("img") if (picture["src"] or "").endswith("feature_maps.png")]
    assert "“A dog is running on a lawn.” and “A dog is hugging a cat on a lawn.”" in "".join(page.words)


def test_what_the_analysis_found_of_a_relation_is_shown_in_words_too(relation_pages: Pages) -> None:
    said = "Inside the masks, 25.0% of the picture, is 30.0% (28.0% to 32.0%) of the words' attention in the base model"
    for slug, page in relation_pages.items():
        title = slug.replace("_", " ").capitalize()
        learned = [picture["alt"] for picture in page.all("img") if (picture["src"] or "").endswith("learned.svg")]
        told = "Norm and effective rank of each adapter by block: {}, {}"
        assert learned == [told.format(title, label) for label in ("Direct LoRA", "DreamRelation")]
        assert "".join(page.words).count(f"{said} and 40.0% (37.0% to 43.0%) with DreamRelation") == 1
        labels = {video["data-src"] or "": video["aria-label"] or "" for video in page.all("video")}
        (attention,) = [label for source, label in labels.items() if source.endswith("attention.mp4")]
        assert (
            attention == f"Clips of {title.lower()}, and where its words look in the base model and with DreamRelation"
        )
        (strength,) = [label for source, label in labels.items() if source.endswith("strength.mp4")]
        assert strength == (
            f"The same video with what was learned applied more and more strongly: {title}, DreamRelation"
        )


def test_training_has_a_chart_for_each_term(relation_pages: Pages) -> None:
    for page in relation_pages.values():
        charts = [chart.get("aria-label") or "" for chart in page.all("svg")]
        assert charts.count("DreamRelation: reconstruction by step") == 1
        assert charts.count("DreamRelation: reconstruction by role and step") == 1
        assert charts.count("DreamRelation: relation contrast by step") == 1
        assert [chart for chart in charts if chart.startswith("Direct LoRA")] == ["Direct LoRA: reconstruction by step"]
        assert "Relation contrast" in page.words


def test_the_settings_are_shown_without_those_of_the_machine(page: Page) -> None:
    (text,) = (words for words in page.words if "videos_per_prompt: 2" in words)
    assert "machine:" not in text and "exemplars: 2" in text


def test_every_clip_is_accounted_for(page: Page) -> None:
    words = [word.strip() for word in page.words if word.strip()]
    table = words[words.index("Clips accounted for") : words.index("Provenance", words.index("Clips accounted for"))]
    row = table[table.index("too short") :][:5]
    assert row == ["too short", "2", "2", "–", "4"], "refusals are counted by their cause"
    assert "13" in table, "the sum of all"


def test_is_the_same_every_time_by_any_number_of_threads_and_takes_the_place_of_an_old_report(
    results: Results, report: Path, tmp_path: Path
) -> None:
    shutil.copytree(report, tmp_path / "report")
    (tmp_path / "report" / "media" / "old.mp4").write_bytes(b"")
    (tmp_path / "report" / "index.html").write_text("old")
    run(
        settings=results.stage,
        results=results.folder,
        report=tmp_path / "report",
        scores_table=tmp_path / "scores.csv",
        threads=3,
    )
    files = {path.relative_to(report) for path in report.rglob("*") if path.is_file()}
    for file in files:
        assert (tmp_path / "report" / file).read_bytes() == (report / file).read_bytes(), file
    assert {
        path.relative_to(tmp_path / "report") for path in (tmp_path / "report").rglob("*") if path.is_file()
    } == files
    assert not (tmp_path / "report" / "media" / "old.mp4").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report", "scores.csv"]
