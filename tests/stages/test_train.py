"""The train stage: its outputs, and the states that it takes up and does not."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tests.stages import small_training
from tests.stages.small_training import MACHINE, caches, run, small_experiment

from dreamrelation import config
from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.errors import UserError
from dreamrelation.files import file_sha256
from dreamrelation.methods.files import check_manifest
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.settings.overlay import overlay
from dreamrelation.settings.stages import Chosen, TrainStage
from dreamrelation.stages import train
from dreamrelation.tables.rows import TRAINING
from dreamrelation.training.resume import STATE
from dreamrelation.training.step import TrainingSetup


@pytest.fixture
def experiment(random_mochi: MochiSettings, tmp_path: Path) -> ExperimentSettings:
    return small_experiment(random_mochi, tmp_path)


def test_equal_trainings_give_equal_bytes_and_a_list_of_them(experiment: ExperimentSettings, tmp_path: Path) -> None:
    caches(experiment, tmp_path)
    first, second = run(experiment, tmp_path, to="first"), run(experiment, tmp_path, to="second")
    listed = json.loads((first / "adapters.json").read_text())
    assert listed == {path.name: file_sha256(path) for path in (first / "adapters").iterdir()}
    assert len(listed) == 4
    assert (first / "adapters.json").read_bytes() == (second / "adapters.json").read_bytes()
    assert [row.step for row in TRAINING.read(first / "training.parquet")] == [0, 1, 2]
    assert not (tmp_path / "resume").exists()


def test_a_stopped_training_goes_on_with_the_same_weights_and_starts_afresh_with_others(
    experiment: ExperimentSettings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    caches(experiment, tmp_path)
    with pytest.raises(UserError, match="the state is saved"):
        run(experiment, tmp_path, minutes=1e-9)
    state = (tmp_path / "resume" / STATE).read_bytes()
    run(experiment, tmp_path)
    assert "going on from step 1" in capsys.readouterr().err
    (tmp_path / "resume").mkdir()
    (tmp_path / "resume" / STATE).write_bytes(state)
    weights = Path(experiment.model.path) / "transformer" / "diffusion_pytorch_model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(bytes(content))
    run(experiment, tmp_path)
    said = capsys.readouterr().err
    assert "going on" not in said and "made from other settings or inputs; set aside as state.set-aside-1.pt" in said


def test_snapshots_of_a_stopped_training_are_those_of_one_that_was_not(
    experiment: ExperimentSettings, tmp_path: Path
) -> None:
    looked_at = {"methods": {"dreamrelation": {"snapshots": [1, 2]}}}
    looked_at_twice = config.from_mapping(overlay(experiment.model_dump(), looked_at), "test")
    caches(looked_at_twice, tmp_path)
    whole = run(looked_at_twice, tmp_path, to="whole") / "adapters"
    with pytest.raises(UserError, match="the state is saved"):
        run(looked_at_twice, tmp_path, minutes=1e-9)
    again = run(looked_at_twice, tmp_path, to="again") / "adapters"
    for step in (1, 2):
        first, second = whole / f"step_{step}", again / f"step_{step}"
        listed = check_manifest(first / "adapters.json", first)
        assert listed == check_manifest(second / "adapters.json", second) and len(listed) == 4
        assert listed != check_manifest(whole.with_name("adapters.json"), whole)
    assert not (tmp_path / "resume").exists()


def test_a_snapshot_after_the_end_is_refused(experiment: ExperimentSettings) -> None:
    for steps in ([3], [1, 1]):
        wrong = {"methods": {"dreamrelation": {"snapshots": steps}}}
        with pytest.raises(UserError, match="expected different steps before the last one, 3"):
            config.from_mapping(overlay(experiment.model_dump(), wrong), "test")


def test_held_out_clips_are_needed_to_look_at_them(experiment: ExperimentSettings, tmp_path: Path) -> None:
    caches(experiment, tmp_path)
    watching = {"methods": {"dreamrelation": {"validate_every": 2}}}
    watched = config.from_mapping(overlay(experiment.model_dump(), watching), "test")
    with pytest.raises(UserError, match=r"validate_every needs clips.held_out above 0: .*found 0 clips of the split"):
        run(watched, tmp_path)


def test_latents_and_texts_of_another_model_are_refused(experiment: ExperimentSettings, tmp_path: Path) -> None:
    caches(experiment, tmp_path)
    for part, named in (("vae/diffusion_pytorch_model.safetensors", "latents"), ("tokenizer/tokenizer.json", "texts")):
        file = Path(experiment.model.path) / part
        before = file.read_bytes()
        file.write_bytes(before + b" ")
        with pytest.raises(UserError, match=f"{named}: found the fingerprint"):
            run(experiment, tmp_path)
        file.write_bytes(before)
    assert not (tmp_path / "out").exists()


def test_a_method_that_trains_nothing_is_refused(experiment: ExperimentSettings, tmp_path: Path) -> None:
    nothing = tmp_path / "nothing"
    with pytest.raises(UserError, match="'base' is of the kind 'none': there is nothing to train"):
        train.run(
            settings=TrainStage.of(experiment, Chosen("base")), machine=MACHINE, relation="hugging", method="base",
            latents=nothing, captions=nothing, adapters=nothing, manifest=nothing, training=nothing, resume=nothing,
        )  # fmt: skip
    assert not nothing.exists()


def test_a_folder_with_somebodys_files_is_not_replaced(experiment: ExperimentSettings, tmp_path: Path) -> None:
    caches(experiment, tmp_path)
    (tmp_path / "out/adapters").mkdir(parents=True)
    thesis = tmp_path / "out/adapters/thesis.txt"
    thesis.touch()
    with pytest.raises(UserError, match=r"found 'thesis.txt' in it, which is not ours"):
        run(experiment, tmp_path)
    assert thesis.is_file()


@pytest.mark.parametrize(("processes", "split", "whole"), [(2, True, True), (2, False, False), (1, True, False)])
def test_processes_that_divide_the_tokens_see_whole_batches(
    experiment: ExperimentSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    processes: int,
    split: bool,
    whole: bool,
) -> None:
    caches(experiment, tmp_path)
    seen: list[bool] = []

    def stop(setup: TrainingSetup, *_: object) -> None:
        seen.append(setup.whole_batch)
        raise InterruptedError

    monkeypatch.setattr(train, "Trainer", stop)
    monkeypatch.setattr(train, "process_count", lambda: processes)
    monkeypatch.setattr(small_training, "MACHINE", MACHINE.model_copy(update={"split_videos": split}))
    with pytest.raises(InterruptedError):
        run(experiment, tmp_path)
    assert seen == [whole]


def command(experiment: ExperimentSettings, folder: Path, processes: int, *more: str) -> subprocess.CompletedProcess:
    """The training as the workflow calls it."""
    out = folder / f"by{processes}"
    machine = MACHINE.model_copy(update={"training_processes": processes})
    flags = {
        "settings": TrainStage.of(experiment, Chosen("dreamrelation", relation="hugging")).model_dump_json(),
        "machine": machine.model_dump_json(),
        "relation": "hugging",
        "method": "dreamrelation",
        "latents": folder / "latents",
        "captions": folder / "texts",
        "adapters": out / "adapters",
        "manifest": out / "adapters.json",
        "training": out / "training.parquet",
        "resume": folder / "resume",
    }
    given = [part for name, value in flags.items() for part in (f"--{name}", str(value))]
    return subprocess.run(
        [sys.executable, "-m", "dreamrelation.cli", "train", *given, *more],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
        timeout=300,
    )


def test_processes_of_one_machine_learn_what_one_learns_and_end_as_it_ends(
    experiment: ExperimentSettings, tmp_path: Path
) -> None:
    """With machine.training_processes, by the command alone."""
    methods = {"dreamrelation": {"batch_size": 2, "steps": 30}}
    experiment = config.from_mapping(overlay(experiment.model_dump(), {"methods": methods}), "test")
    caches(experiment, tmp_path)
    stopped = command(experiment, tmp_path, 2, "--minutes", "1e-9")
    assert stopped.returncode == 75, stopped.stderr[-2000:]
    assert (tmp_path / "resume" / STATE).is_file()
    both, one = command(experiment, tmp_path, 2), command(experiment, tmp_path, 1)
    assert (both.returncode, one.returncode) == (0, 0), both.stderr[-2000:]
    assert "going on from step" in both.stderr
    for path in (tmp_path / "by1" / "adapters").iterdir():
        expected, found = (load_file(tmp_path / by / "adapters" / path.name) for by in ("by1", "by2"))
        for name, tensor in expected.items():
            torch.testing.assert_close(found[name], tensor, rtol=1e-4, atol=1e-6)
    refused = command(experiment, tmp_path, 2, "--minutes", "-1")
    assert refused.returncode == 1 and "--minutes is -1" in refused.stderr
