"""`dreamrelation play`: what it finds trained, what it refuses before it listens, and how it begins and ends."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.play.fake import until
from tests.stages.trained_results import RELATION, ROOT, experiment_of, write_results

from dreamrelation.cli import main
from dreamrelation.config import write_settings
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.stages.play import for_play
from dreamrelation.stages.what_is_trained import Learned, Unlearned, methods_of

CONFIGS = [Path("config.yaml"), Path("configs/mine.yaml")]


@pytest.fixture
def results(random_mochi: Any, tmp_path: Path) -> Path:
    """In which one method is trained, with the configuration beside them."""
    experiment = experiment_of(random_mochi)
    write_results(experiment, tmp_path / "results", ("dreamrelation",))
    write_settings(experiment, tmp_path / "config.yaml")
    return tmp_path / "results"


def play(results: Path, *more: str, relation: str = RELATION) -> list[str]:
    given = ["play", "--relation", relation, "--config", str(results.parent / "config.yaml")]
    return [*given, "--results", str(results), *more]


def said(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> str:
    assert main(arguments) == 1
    return capsys.readouterr().err


def test_methods_are_listed_with_what_would_train_them(random_mochi: Any, results: Path) -> None:
    found = methods_of(experiment_of(random_mochi), RELATION, results, CONFIGS)
    assert [method.name for method in found] == ["base", "dreamrelation", "reversion", "motion_inversion"]
    base, trained, *others = found
    assert isinstance(base, Learned) and base.adapters is None
    assert isinstance(trained, Learned) and set(trained.digests) == {
        f"{adapter}.safetensors" for adapter in ("relation", "subject1", "subject2", "ffn")
    }
    adapters = results / "puppets/hugging/reversion/adapters"
    assert isinstance(others[0], Unlearned)
    assert others[0].command == f"snakemake {adapters} --configfile configs/mine.yaml"
    assert all(isinstance(method, Unlearned) for method in others)


def test_a_method_that_takes_anothers_adapters_finds_them(random_mochi: Any, results: Path) -> None:
    weaker = {"kind": "lora", "adapters_of": "dreamrelation", "inference_scale": 0.5}
    experiment = experiment_of(random_mochi, methods={"weaker": weaker})
    found = {method.name: method for method in methods_of(experiment, RELATION, results, CONFIGS)}
    own = found["weaker"]
    assert isinstance(own, Learned) and own.adapters == results / "puppets/hugging/dreamrelation/adapters"


def test_nothing_trained_is_told_with_what_to_run(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, play(results, relation="kicking"))
    assert "kicking: found no method that is trained; run one of these first" in text
    assert f"snakemake {results}/puppets/kicking/dreamrelation/adapters" in text


def test_a_relation_that_is_not_there_is_named(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "relation 'huging' is not in the configuration" in said(capsys, play(results, relation="huging"))


def test_missing_results_are_named(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, play(results, "--results", str(results / "nowhere")))
    assert "nowhere/puppets: no such folder, expected the results of the experiment" in text


def test_adapters_of_another_model_are_refused(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = results / "puppets/hugging/dreamrelation/training.settings.yaml"
    content = yaml.safe_load(written.read_text())
    content["model"]["path"] = "weights/another"
    written.write_text(yaml.safe_dump(content))
    text = said(capsys, play(results))
    assert "dreamrelation/adapters: was trained on a model of path 'weights/another'" in text
    assert "train again: snakemake" in text


def test_adapters_that_were_exchanged_are_refused(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = results / "puppets/hugging/dreamrelation/adapters/ffn.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    assert "ffn.safetensors: found the SHA-256" in said(capsys, play(results))


def test_a_port_that_is_taken_is_told(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"127.0.0.1:{port}: cannot be listened on" in said(capsys, play(results, "--port", str(port)))
    assert signal.getsignal(signal.SIGTERM) is before
    assert not list(results.glob("puppets/hugging/play/*"))


def test_others_are_let_in_with_a_warning(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = said(capsys, play(results, "--host", "192.0.2.7"))  # which no machine has
    assert "whoever can reach 192.0.2.7 can use this machine" in told and "cannot be listened on" in told
    told = said(capsys, play(results, "--host", "0.0.0.0"))
    assert "--host 0.0.0.0 is every address of this machine: say by --name" in told


def test_the_machines_settings_are_kept_but_for_what_cannot_be() -> None:
    machine = MachineSettings(device="cpu", stream_weights=True, gradient_checkpointing=True, vae_tiling=True,
                              compile_blocks=True)  # fmt: skip
    assert for_play(machine) == machine.model_copy(update={"compile_blocks": False})


def test_it_makes_videos_and_stops_cleanly_in_the_middle_of_others(results: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "dreamrelation.cli", *play(results, "--port", "0")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as server:
        assert server.stdout is not None and server.stderr is not None
        address = re.findall(r"http://127\.0\.0\.1:\d+", server.stdout.readline())[0]

        def state() -> dict[str, Any]:
            with urllib.request.urlopen(f"{address}/state") as answer:
                return json.load(answer)

        def ask(steps: int) -> None:
            fields = {"subject1": "dog", "subject2": "cat", "methods": "dreamrelation", "seed": 1, "strength": 1}
            data = urllib.parse.urlencode({**fields, "steps": steps}).encode()
            with urllib.request.urlopen(f"{address}/requests", data) as answer:
                assert answer.status == 200

        ask(2)
        until(lambda: state()["finished"] is not None)
        ask(1000)  # on a busy machine the first of them may end before the signal is looked at
        ask(1000)
        until(lambda: state()["running"]["done"] > 0)
        server.send_signal(signal.SIGINT)
        said, problems = server.communicate(timeout=30)
    assert server.returncode == 0 and "Stopping" in said and "Traceback" not in problems
    entries = list((results / "puppets/hugging/play").iterdir())
    assert 1 <= len(entries) <= 2
    whole = ["dreamrelation.jpg", "dreamrelation.mp4", "request.json"]
    assert all(sorted(path.name for path in entry.iterdir()) == whole for entry in entries)
