"""The command line tells a user what is wrong, in one line and without a traceback."""

from pathlib import Path

import pytest

from dreamrelation.cli import build_parser, main

CONFIG = str(Path(__file__).parents[2] / "config.yaml")
STAGES = ("puppets", "clips", "masks", "captions", "latents", "train", "generate", "evaluate", "summarise", "report")


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(list(arguments)) == 1
    return capsys.readouterr().err


def test_every_stage_is_a_subcommand_with_help(capsys: pytest.CaptureFixture[str]) -> None:
    for stage in (*STAGES, "puppet-models"):
        with pytest.raises(SystemExit) as stop:
            build_parser().parse_args([stage, "--help"])
        assert stop.value.code == 0
    assert "--config" in capsys.readouterr().out


def test_a_missing_configuration_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "puppets", "--config", "nowhere.yaml")
    assert text == "dreamrelation puppets: nowhere.yaml: no such configuration file\n"


def test_a_missing_input_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    nowhere = str(tmp_path / "selection.parquet")
    text = said(capsys, "captions", "--config", CONFIG, "--selection", nowhere, "--captions", str(tmp_path / "c"))
    assert nowhere in text and "no such file" in text and "Traceback" not in text


def test_an_unknown_relation_and_method_are_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in "abcde"]
    flags = ("--latents", "--captions", "--adapters", "--training", "--resume")
    given = [part for pair in zip(flags, paths, strict=True) for part in pair]
    text = said(capsys, "train", "--config", CONFIG, "--relation", "shaking", "--method", "base", *given)
    assert "relation 'shaking' is not in the config, expected one of shaking_hands" in text
    text = said(capsys, "train", "--config", CONFIG, "--relation", "hugging", "--method", "dream", *given)
    assert "method 'dream' is not in the config, expected one of base" in text
    text = said(capsys, "train", "--config", CONFIG, "--relation", "hugging", "--method", "base", *given)
    assert "nothing to train" in text


def test_a_broken_table_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    broken = tmp_path / "selection.parquet"
    broken.write_bytes(b"nonsense")
    text = said(capsys, "captions", "--config", CONFIG, "--selection", str(broken), "--captions", str(tmp_path / "c"))
    assert f"{broken}: not a Parquet file" in text
