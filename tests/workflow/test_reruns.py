"""What is made again, and what is not, once everything is there."""

import json
import os
import shlex
import shutil
from collections.abc import Callable

import pytest
from tests.workflow.checkout import Checkout
from tests.workflow.planned import plan

from dreamrelation.config import load
from dreamrelation.planning import Plan
from dreamrelation.settings.stages import Chosen
from dreamrelation.stages.commands import build_parser

Edit = Callable[[str, str, str], None]
RELATIONS, METHODS, METRICS = 3, 3, 6
ONE_METHOD = {
    "export": RELATIONS,
    "learned": RELATIONS,
    "generate": RELATIONS,
    "evaluate": RELATIONS * METRICS,
    "summarise": RELATIONS,
    "compare": 1,
    "table": 1,
    "report": 1,
}
"""What follows when the adapters of one method change, in all relations."""
LOOKED_INTO = {"attention": RELATIONS, "strength": RELATIONS}
"""And of the method that the analysis looks into."""


def test_a_second_run_has_nothing_to_do(finished: Checkout) -> None:
    assert plan(finished).nothing_to_do


def test_each_command_is_one_that_the_command_line_knows_with_the_settings_of_its_stage(finished: Checkout) -> None:
    rows = finished.summary()
    plan = Plan(load([finished.folder / "config.yaml"]))
    assert {row["rule"] for row in rows} >= {"puppets", "clips", "masks", "train", "generate", "evaluate", "report"}
    for row in rows:
        command = shlex.split(row["shellcmd"].partition(" > ")[0])
        assert command[0] == "dreamrelation", row["shellcmd"]
        options = build_parser().parse_args(command[1:])
        chosen = Chosen(*(getattr(options, name, None) for name in ("method", "metric", "relation")))
        assert json.loads(options.settings) == json.loads(plan.settings(options.stage, chosen))


@pytest.mark.parametrize(
    ("override", "stages"),
    [
        (
            "generation={guidance_scale: 5.0}",
            {"export", "generate", "evaluate", "summarise", "compare", "table", "strength", "feature_maps", "report"},
        ),
        ("intervals={bootstrap_samples: 500}", {"summarise", "compare", "table", "attention", "report"}),
        ("report={exemplars: 3}", {"report"}),
        (
            "latents={union: released_code}",
            {"latents", "train", "export", "generate", "evaluate", "summarise", "compare", "table", "report"}
            | {"learned", "attention", "strength"},
        ),
        ("clips={minimum: 7}", {"clips", "masks", "report"}),
    ],
)
def test_a_changed_setting_reruns_what_uses_it(finished: Checkout, override: str, stages: set[str]) -> None:
    """`clips` runs again for another minimum; what follows looks at its files, which will be the same."""
    planned = set(plan(finished, "--config", override).jobs)
    follows = {
        "captions",
        "latents",
        "train",
        "export",
        "generate",
        "evaluate",
        "controls",
        "summarise",
        "compare",
        "table",
        "learned",
        "attention",
        "strength",
    }
    assert stages <= planned and planned <= stages | (follows if "clips" in stages else set())


def test_new_prompts_cost_no_training(finished: Checkout) -> None:
    jobs = plan(finished, "--config", "generation={subjects: [[dog, cat], [frog, bear]]}").jobs
    assert {"prompts", "generate", "evaluate"} <= set(jobs)
    assert not {"captions", "latents", "train"} & set(jobs)


def test_settings_of_the_machine_rerun_nothing(finished: Checkout) -> None:
    machine = "{device: cpu, vae_tiling: true, gradient_checkpointing: true, encoding_batch: 1, checkpoint_every: 7}"
    assert plan(finished, "--config", f"machine={machine}").nothing_to_do


def test_a_changed_method_reruns_that_method(finished: Checkout) -> None:
    jobs = plan(finished, "--config", "methods={direct_lora: {steps: 300}}").jobs
    assert jobs == {"train": RELATIONS, **ONE_METHOD}


def test_a_new_metric_makes_no_other_one_again(finished: Checkout) -> None:
    jobs = plan(finished, "--config", "metrics={again: {kind: motion}}").jobs
    assert jobs == {"evaluate": RELATIONS * METHODS, "summarise": RELATIONS, "compare": 1, "table": 1, "report": 1}


@pytest.mark.parametrize("name", ["latents.parquet", "dreamrelation/adapters.json"])
def test_a_deleted_file_is_made_again_with_what_follows(finished: Checkout, name: str) -> None:
    deleted = finished.folder / "results/puppets/hugging" / name
    before = deleted.stat()
    deleted.unlink()
    answer = plan(finished)
    deleted.touch()
    os.utime(deleted, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert answer.jobs.get("latents", 0) == int(name == "latents.parquet")
    assert answer.jobs["train"] == (2 if name == "latents.parquet" else 1)
    assert not {"puppets", "clips", "masks", "captions", "prompts"} & set(answer.jobs)


def test_deleted_videos_are_made_again(finished: Checkout) -> None:
    videos = finished.folder / "results/puppets/hugging/base/videos"
    videos.rename(videos.with_name("elsewhere"))
    answer = plan(finished)
    videos.with_name("elsewhere").rename(videos)
    assert answer.jobs == {"generate": 1, "evaluate": METRICS, "summarise": 1, "compare": 1, "table": 1, "report": 1}


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("src/dreamrelation/losses/contrastive.py", '"""Space-time', '"""Edited. Space-time'),
        ("src/dreamrelation/losses/contrastive.py", "    positives = self", "    # edited\n        positives = self"),
        ("src/dreamrelation/training/step.py", "prepared: PreparedPass, role", "prepared: object, role"),
        ("src/dreamrelation/video.py", '"""', '"""Edited. '),
        ("src/dreamrelation/stages/train.py", '"""', '"""Edited. '),
        ("src/dreamrelation/cli.py", "    options =", "    print()\n    options ="),
    ],
)
def test_what_computes_nothing_reruns_nothing(finished: Checkout, edit: Edit, path: str, old: str, new: str) -> None:
    edit(path, old, new)
    assert finished.plan().nothing_to_do


def test_a_changed_loss_retrains_exactly_the_methods_that_use_it(finished: Checkout, edit: Edit) -> None:
    edit("src/dreamrelation/losses/contrastive.py", "features[1:] - features[:-1]", "features[:-1] - features[1:]")
    answer = finished.plan()
    assert answer.jobs == {"train": RELATIONS, **ONE_METHOD, **LOOKED_INTO}
    assert "direct_lora on" not in answer.text and "dreamrelation on" in answer.text


def test_a_new_backbone_reruns_nothing(finished: Checkout, edit: Edit) -> None:
    new = finished.folder / "src/dreamrelation/backbones/another.py"
    new.write_text("VALUE = 1\n")
    line = '        "mochi": "dreamrelation.backbones.mochi.settings:MochiSettings",\n'
    edit("src/dreamrelation/settings/kinds.py", line, line + line.replace("mochi", "another"))
    answer = finished.plan()
    new.unlink()
    assert answer.nothing_to_do


def test_a_changed_metric_reruns_that_metric(finished: Checkout, edit: Edit) -> None:
    edit("src/dreamrelation/metrics/motion/flow.py", "PRESET_MEDIUM", "PRESET_FAST")
    assert finished.plan().jobs == {
        "evaluate": RELATIONS * METHODS,
        "summarise": RELATIONS,
        "compare": 1,
        "table": 1,
        "report": 1,
    }


def test_an_edited_style_sheet_reruns_the_report_only(finished: Checkout, edit: Edit) -> None:
    edit("src/dreamrelation/report/templates/report.css", "}", "} /* edited */")
    assert set(finished.plan().jobs) == {"report"}


def test_a_user_studys_tally_is_shown_and_becomes_a_table(finished: Checkout) -> None:
    tally = finished.folder / "results/puppets/study/tally.json"
    tally.parent.mkdir()
    tally.touch()
    try:
        assert plan(finished).jobs == {"study_table": 1, "report": 1}
    finally:
        shutil.rmtree(tally.parent)
    assert plan(finished, "results/puppets/tables/table4.csv").status != 0


def test_what_many_stages_run_reruns_them_all(finished: Checkout, edit: Edit) -> None:
    edit("src/dreamrelation/video.py", "rgb24", "bgr24")
    assert set(finished.plan().jobs) >= {"puppets", "clips", "masks", "latents", "generate", "evaluate", "report"}


def test_products_of_files_that_are_gone_do_not_pass_for_new(finished: Checkout) -> None:
    """Snakemake would take them for source files, and say that everything is there."""
    answer = plan(finished, "--config", "model={path: data/puppets/modelz}", "training={learning_rate: 0.5}")
    assert answer.status == 1
    assert "model.path: found no data/puppets/modelz" in answer.text and "was made; put it there" in answer.text


def test_an_editors_file_beside_a_module_reruns_nothing(finished: Checkout) -> None:
    for name in (".contrastive.py.swp", "contrastive.py~"):
        (finished.folder / "src/dreamrelation/losses" / name).touch()
    assert finished.plan().nothing_to_do


def test_a_touched_module_reruns_nothing(finished: Checkout) -> None:
    (finished.folder / "src/dreamrelation/video.py").touch()
    assert finished.plan().nothing_to_do
