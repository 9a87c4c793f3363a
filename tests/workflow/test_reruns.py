"""What is made again, and what is not, once everything is there."""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable

import pytest
from tests.workflow.checkout import Checkout

from dreamrelation.cli import build_parser
from dreamrelation.config import load

Edit = Callable[[str, str, str], None]
AFTER_TRAINING = {"generate", "evaluate", "summarise", "report"}
RELATIONS = 3


def test_a_second_run_has_nothing_to_do(finished: Checkout) -> None:
    assert finished.plan().nothing_to_do


def test_the_resolved_settings_are_those_of_the_config(finished: Checkout) -> None:
    assert load([finished.folder / "results/puppets/settings.yaml"]) == load([finished.folder / "config.yaml"])


def test_each_command_is_one_that_the_command_line_knows(finished: Checkout) -> None:
    rows = finished.summary()
    assert {row["rule"] for row in rows} >= {"puppets", "clips", "masks", "train", "generate", "evaluate", "report"}
    for row in rows:
        command = shlex.split(row["shellcmd"].partition(" > ")[0])
        assert command[0] == "dreamrelation"
        options = build_parser().parse_args(command[1:])
        assert options.config[0].as_posix() == "results/puppets/settings.yaml"


@pytest.mark.parametrize(
    ("override", "stages"),
    [
        ("generation={guidance_scale: 5.0}", {"generate", "evaluate", "summarise", "report"}),
        ("evaluation={bootstrap_samples: 500}", {"evaluate", "summarise", "report"}),
        ("report={exemplars: 3}", {"report"}),
        ("latents={union: released_code}", {"latents", "train", *AFTER_TRAINING}),
    ],
)
def test_a_changed_setting_reruns_what_depends_on_it(finished: Checkout, override: str, stages: set[str]) -> None:
    assert set(finished.plan("--config", override).jobs) == stages


def test_a_changed_method_reruns_that_method(finished: Checkout) -> None:
    jobs = finished.plan("--config", "methods={direct_lora: {steps: 300}}").jobs
    assert jobs["train"] == jobs["generate"] == jobs["evaluate"] == RELATIONS


def test_a_deleted_file_is_made_again_with_what_follows(finished: Checkout) -> None:
    latents = finished.folder / "results/puppets/hugging/latents.parquet"
    before = latents.stat()
    latents.unlink()
    answer = finished.plan()
    latents.touch()
    os.utime(latents, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert answer.jobs["latents"] == 1
    assert answer.jobs["train"] == 2
    assert not {"puppets", "clips", "masks", "captions"} & set(answer.jobs)


def test_an_edited_loss_reruns_training_and_what_follows(finished: Checkout, edit: Edit) -> None:
    edit("src/dreamrelation/losses/contrastive.py", '"""', '"""Edited. ')
    assert set(finished.plan().jobs) == {"train", *AFTER_TRAINING}


def test_an_edited_style_sheet_reruns_the_report_only(finished: Checkout, edit: Edit) -> None:
    edit("src/dreamrelation/report/page.css", "}", "} /* edited */")
    assert set(finished.plan().jobs) == {"report"}


def test_what_many_stages_read_reruns_them_all(finished: Checkout, edit: Edit) -> None:
    edit("src/dreamrelation/video.py", '"""', '"""Edited. ')
    assert set(finished.plan().jobs) >= {"puppets", "clips", "masks", "latents", "generate", "evaluate", "report"}


def test_a_touched_module_reruns_nothing(finished: Checkout) -> None:
    (finished.folder / "src/dreamrelation/video.py").touch()
    assert finished.plan().nothing_to_do


def test_an_edited_subcommand_reruns_its_rule_only(finished: Checkout, edit: Edit) -> None:
    imported = "    from dreamrelation.report import stage\n"
    edit("src/dreamrelation/cli.py", imported, f"{imported}    print(stage)\n")
    assert set(finished.plan().jobs) == {"report"}


def test_the_declared_modules_are_those_that_are_loaded(finished: Checkout) -> None:
    rows = finished.summary()
    of_settings = loaded_modules("dreamrelation.settings.experiment")
    for rule, module in (("puppets", "puppets.theatre"), ("clips", "clips.stage")):
        declared = {path for row in rows if row["rule"] == rule for path in row["input-file(s)"].split(",")}
        loaded = loaded_modules(f"dreamrelation.{module}") - of_settings
        assert module in loaded
        assert {f"src/dreamrelation/{name.replace('.', '/')}.py" for name in loaded} <= declared


def loaded_modules(module: str) -> set[str]:
    """Modules of the package, but for empty packages, that importing `module` loads."""
    code = f"import sys, {module}\nfor n, m in sys.modules.items(): print(n, getattr(m, '__file__', None))"
    lines = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
    found = (line.split(maxsplit=1) for line in lines if line.startswith("dreamrelation."))
    return {name.removeprefix("dreamrelation.") for name, file in found if not file.endswith("__init__.py")}
