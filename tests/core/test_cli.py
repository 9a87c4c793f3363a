"""The command line: flags that fit the stages, settings from files or as JSON, and errors in one message."""

import errno
import inspect
import json
import sys
import typing
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import pytest
import torch

from dreamrelation.cli import main
from dreamrelation.config import load
from dreamrelation.errors import Unfinished, UserError
from dreamrelation.files import appearing
from dreamrelation.listings import find_changed, write_listing
from dreamrelation.progress import TERMINAL, tell
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.stage_registry import STAGES
from dreamrelation.settings.stages import Chosen
from dreamrelation.stages import record
from dreamrelation.stages.command_list import COMMANDS
from dreamrelation.stages.commands import build_parser
from dreamrelation.stages.outcome import exit_status

CONFIG = str(Path(__file__).parents[2] / "config.yaml")


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(list(arguments)) == 1
    return capsys.readouterr().err


def test_every_stage_is_a_subcommand_with_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(COMMANDS) == set(STAGES)
    for stage in (*COMMANDS, "puppet-models"):
        with pytest.raises(SystemExit) as stop:
            build_parser().parse_args([stage, "--help"])
        assert stop.value.code == 0
    assert "--config" in capsys.readouterr().out


@pytest.mark.parametrize("stage", COMMANDS)
def test_the_flags_of_a_stage_are_the_arguments_of_its_function(stage: str) -> None:
    command = COMMANDS[stage]
    run = import_module(f"dreamrelation.stages.{stage}").run
    parameters = inspect.signature(run).parameters
    hints = typing.get_type_hints(run)
    assert all(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in parameters.values())
    expected = {"settings": STAGES[stage]} | ({"machine": MachineSettings} if command.machine else {})
    expected |= dict.fromkeys(command.names, str) | dict.fromkeys(command.lists, list[Path])
    expected |= {name: Path | None if name in command.optional else Path for name in command.paths}
    expected |= dict.fromkeys(command.numbers, float | None) | dict.fromkeys(command.counts, int | None)
    assert {name: hints[name] for name in parameters} == expected


def test_a_missing_configuration_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "puppets", "--config", "nowhere.yaml")
    assert text == "dreamrelation puppets: nowhere.yaml: no such configuration file\n"


def test_a_missing_input_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    nowhere = str(tmp_path / "selection.parquet")
    text = said(capsys, "captions", "--config", CONFIG, "--selection", nowhere, "--captions", str(tmp_path / "t"))
    assert nowhere in text and "no such file" in text and "Traceback" not in text
    assert list(tmp_path.iterdir()) == []


def train_flags(tmp_path: Path) -> list[str]:
    names = ("latents", "captions", "adapters", "manifest", "training", "resume")
    return [part for name in names for part in (f"--{name}", str(tmp_path / name))]


def test_an_unknown_relation_and_method_are_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    given = ["--config", CONFIG, *train_flags(tmp_path)]
    text = said(capsys, "train", "--relation", "shaking", "--method", "base", *given)
    assert "relation 'shaking' is not in the configuration, expected one of shaking_hands" in text
    text = said(capsys, "train", "--relation", "hugging", "--method", "dream", *given)
    assert "method 'dream' is not in the configuration, expected one of base" in text
    text = said(capsys, "train", "--relation", "hugging", "--method", "base", *given)
    assert "method 'base' is of the kind 'none': there is nothing to train" in text


@pytest.mark.parametrize("minutes", ["-1", "0", "nan", "inf"])
def test_minutes_that_are_no_time_are_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path, minutes: str) -> None:
    method = ["--relation", "hugging", "--method", "dreamrelation", "--config", CONFIG]
    text = said(capsys, "train", *method, *train_flags(tmp_path), f"--minutes={minutes}")
    assert f"--minutes is {minutes}, expected a number of minutes above 0" in text


def test_a_broken_table_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    broken = tmp_path / "selection.parquet"
    broken.write_bytes(b"nonsense")
    text = said(capsys, "captions", "--config", CONFIG, "--selection", str(broken), "--captions", str(tmp_path / "t"))
    assert f"{broken}: not a whole Parquet file" in text


def test_settings_come_as_json_too(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    given = STAGES["train"].of(load([CONFIG]), Chosen("base", relation="hugging")).model_dump_json()
    text = said(capsys, "train", "--settings", given, "--relation", "x", "--method", "base", *train_flags(tmp_path))
    assert "there is nothing to train" in text
    for wrong in ("{", json.dumps({"seed": 1}), "[]"):
        text = said(capsys, "train", "--settings", wrong, "--relation", "x", "--method", "b", *train_flags(tmp_path))
        assert "--settings: cannot be used" in text


def test_settings_of_another_relation_are_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    given = STAGES["prompts"].of(load([CONFIG]), Chosen(relation="hugging")).model_dump_json()
    text = said(capsys, "prompts", "--settings", given, "--relation", "kicking", "--prompts", str(tmp_path / "p"))
    assert "--relation is kicking, but --settings are of hugging" in text


def failing(error: BaseException) -> None:
    raise error


def test_what_the_user_can_mend_is_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_status("masks", lambda: failing(UserError("a.parquet: found nothing, expected rows"))) == 1
    assert capsys.readouterr().err == "dreamrelation masks: a.parquet: found nothing, expected rows\n"


def test_a_command_that_saved_its_state_asks_to_be_run_again() -> None:
    assert exit_status("train", lambda: failing(Unfinished("5 minutes are over"))) == 75


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), RuntimeError("x"), FileNotFoundError("x")])
def test_anything_else_keeps_its_traceback(error: Exception) -> None:
    with pytest.raises(type(error)):
        exit_status("masks", lambda: failing(error))


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory"), MemoryError("no room")])
def test_a_full_memory_says_where_and_what_to_try(capsys: pytest.CaptureFixture[str], error: BaseException) -> None:
    assert exit_status("train", lambda: failing(error)) == 1
    text = capsys.readouterr().err
    assert "Traceback" in text and str(error) in text and "machine.gradient_checkpointing" in text


def test_ctrl_c_ends_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_status("train", lambda: failing(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "dreamrelation train: interrupted\n"


def test_what_cannot_be_read_is_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "masks.parquet")

    assert exit_status("latents", work) == 1
    told = capsys.readouterr().err
    assert told == "dreamrelation latents: masks.parquet: cannot be read or written: Permission denied\n"


def test_where_the_log_cannot_be_written_the_terminal_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("w") as log, (tmp_path / "terminal").open("w") as terminal:
        monkeypatch.setenv(TERMINAL, str(terminal.fileno()))
        monkeypatch.setattr(sys, "stderr", log)
        tell("the disk is full")
        monkeypatch.undo()
        with suppress(OSError):
            log.close()
    assert (tmp_path / "terminal").read_text() == "the disk is full\n"


def test_a_stage_leaves_its_settings_and_a_list_and_checks_what_is_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a stage that only copies, with the table's own arguments."""

    def run(*, settings: object, scores: list[Path], comparison: Path, differences: Path) -> None:
        comparison.write_bytes(scores[0].read_bytes())
        differences.write_bytes(b"")

    monkeypatch.setattr("dreamrelation.stages.compare.run", run)
    scores = tmp_path / "motion.parquet"
    scores.write_bytes(b"scores")
    write_listing(tmp_path / "motion.sha256", [scores])
    outputs = ["--comparison", str(tmp_path / "comparison.csv"), "--differences", str(tmp_path / "differences.csv")]
    arguments = ["compare", "--config", CONFIG, "--scores", str(scores), *outputs]
    assert main(arguments) == 0
    made = {path.name for path in tmp_path.iterdir()}
    assert made >= {"comparison.csv", "differences.csv", "comparison.settings.yaml", "comparison.sha256"}
    assert find_changed(tmp_path / "comparison.sha256") is None
    scores.write_bytes(b"Scores")
    assert main(arguments) == 1
    assert "motion.parquet: found the SHA-256" in capsys.readouterr().err
    assert (tmp_path / "motion.set-aside-1.parquet").read_bytes() == b"Scores"


def test_outputs_whose_settings_cannot_be_written_do_not_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise UserError("settings: cannot be written: No space left on device")

    monkeypatch.setattr(record, "write_settings", refuse)
    outputs = [tmp_path / "file", tmp_path / "folder"]
    with pytest.raises(UserError, match="No space left"), record.recorded(MachineSettings(), outputs[0], outputs):
        outputs[0].touch()
        outputs[1].mkdir()
    assert list(tmp_path.iterdir()) == []


def test_of_a_stage_that_fails_only_what_it_had_not_written_stays(tmp_path: Path) -> None:
    """Its first outputs would otherwise stand beside the settings and the list of an earlier run, or of none."""
    outputs = [tmp_path / name for name in ("new", "replaced", "kept")]
    for path in outputs[1:]:
        path.write_text("earlier")
    with pytest.raises(UserError, match="the third"), record.recorded(MachineSettings(), outputs[0], outputs):
        for path in outputs[:2]:
            with appearing(path) as beside:
                beside.write_text("now")
        raise UserError("the third cannot be written")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
