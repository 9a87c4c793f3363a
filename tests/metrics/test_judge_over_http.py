"""The whole way of a judge behind an endpoint, on puppets: scores, controls, summary; the puppets' judge answers."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.metrics.chat_server import ChatServer, Reply, Request, said, serving
from tests.metrics.judges import change_manifest, write_manifest, write_selection

from dreamrelation.files import file_sha256
from dreamrelation.metrics.puppet_judge.judge import Judge
from dreamrelation.puppets.theatre.render import draw_scene, render
from dreamrelation.relations import RELATIONS
from dreamrelation.settings.kinds import METRICS
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.metrics import IntervalSettings
from dreamrelation.settings.stages import EvaluateStage, FrameSize
from dreamrelation.settings.table_stages import SummariseStage
from dreamrelation.stages import controls, evaluate, summarise
from dreamrelation.tables.rows import CONTROLS, SCORES, SELECTION, VIDEOS
from dreamrelation.video import encode

FRAMES = 19
JUDGE = Path(__file__).parents[2] / "data" / "puppets" / "models" / "judge"
PAIRS = [("dog", "cat"), ("cat", "bear"), ("fox", "frog"), ("panda", "rabbit")]
PLAYED = ["hugging", "kicking", "hugging", "kicking"]
"""What the four videos show; all are asked about hugging."""


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(JUDGE)


def play(path: Path, motion: str, kinds: tuple[str, str], seed: int) -> None:
    scene = draw_scene(motion, kinds, np.random.default_rng(seed), 64, 96)
    encode(path, render(scene, np.linspace(-0.8, 0.8, FRAMES)).frames, frames_per_second=10)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four videos that were to show hugging, and five real clips of each of two relations."""
    write_manifest(tmp_path, "base", PAIRS)
    for number, (pair, motion) in enumerate(zip(PAIRS, PLAYED, strict=True)):
        play(tmp_path / "videos" / f"{number:03d}.mp4", motion, pair, number)
    change_manifest(tmp_path / "videos.parquet", pixel_frames=FRAMES)
    rows = VIDEOS.read(tmp_path / "videos.parquet")
    VIDEOS.write(tmp_path / "videos.parquet", [replace(r, sha256=file_sha256(tmp_path / r.file)) for r in rows])
    selection = write_selection(tmp_path, ["hugging", "kicking"] * 5)
    clips = SELECTION.read(selection)
    for number, clip in enumerate(clips):
        play(Path(clip.video), clip.relation, ("person", "person"), 100 + number)
    SELECTION.write(selection, [replace(c, frames=tuple(range(FRAMES)), source_frames=FRAMES) for c in clips])
    return tmp_path


@pytest.fixture
def server(judge: Judge) -> Iterator[ChatServer]:
    """Says yes where the puppets' judge sees the relation of the question."""

    def answer(request: Request, before: int) -> Reply:
        relation = next(slug for slug, told in RELATIONS.items() if told.predicate.split(" {")[0] in request.question)
        return said("Yes." if judge.ask(np.stack(request.pictures)).motion == relation else "No.")

    with serving(answer) as running:
        yield running


def stage(server: ChatServer, **settings: Any) -> EvaluateStage:
    asked = {"kind": "openai_endpoint", "url": server.url, "model": "m", "key_variable": None, "picture_quality": None}
    read = METRICS.read(
        {"kind": "vlm_relation_accuracy", "judge": asked, "frame_count": FRAMES, "passes": 2, **settings}
    )
    return EvaluateStage(seed=0, size=FrameSize(height=64, width=96), relation=RELATIONS["hugging"], metric=read)  # pyright: ignore


def files(folder: Path) -> dict[str, Path]:
    scores = folder / "hugging" / "base" / "scores" / "seen.parquet"
    return {
        "manifest": folder / "videos.parquet",
        "videos": folder / "videos",
        "selection": folder / "clips" / "selection.parquet",
        "answers": folder / "answers.jsonl",
        "scores": scores,
    }


def test_from_videos_to_a_corrected_share(folder: Path, server: ChatServer) -> None:
    paths, machine = files(folder), MachineSettings(device="cpu")
    evaluate.run(settings=stage(server), machine=machine, relation="hugging", method="base", metric="seen", **paths)
    rows = SCORES.read(paths["scores"])
    assert [row.value for row in rows] == [1.0, 0.0, 1.0, 0.0]
    assert all(row.passes == (row.value, row.value) for row in rows)
    real = folder / "hugging" / "controls" / "seen.parquet"
    given = {"selection": paths["selection"], "answers": folder / "controls.jsonl", "controls": real}
    asked = stage(server, other_controls=3)
    controls.run(settings=asked, machine=machine, relation="hugging", metric="seen", **given)
    shown = CONTROLS.read(real)
    assert [row.shown for row in shown] == ["hugging", "kicking"] * 3 + ["hugging"] * 2
    assert all(row.value == float(row.shown == "hugging") for row in shown)
    assert len(server.requests) == 2 * (4 + 8)
    settings = SummariseStage(experiment="tiny", seed=0, intervals=IntervalSettings())
    evaluation = folder / "hugging" / "evaluation.json"
    summarise.run(
        settings=settings, relation="hugging", scores=[paths["scores"]], controls=[real], evaluation=evaluation
    )
    found = json.loads(evaluation.read_text())["methods"]["base"]["seen"]
    assert found["mean"] == found["corrected"]["mean"] == 0.5
    assert found["passes"] == {"count": 2, "deviation": 0.0, "invalid": 0}
    assert found["corrected"]["low"] < found["low"] and found["corrected"]["high"] > found["high"]


def test_a_killed_job_pays_for_nothing_twice(folder: Path, judge: Judge) -> None:
    """The process is killed in the middle; the next one asks only what is missing and ends with the same table."""

    def slowly(request: Request, before: int) -> Reply:
        time.sleep(0.02)
        return said("yes" if request.body["seed"] % 4 == 0 else "no")

    paths = files(folder)
    with serving(slowly) as server:
        settings = stage(server, passes=20)
        arguments = [f"--{name}={path}" for name, path in paths.items()]
        command = [
            sys.executable, "-m", "dreamrelation.cli", "evaluate", "--settings", settings.model_dump_json(),
            "--machine", json.dumps({"device": "cpu", "endpoint": {"concurrency": 2}}),
            "--relation", "hugging", "--method", "base", "--metric", "seen", *arguments,
        ]  # fmt: skip
        first = subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, stderr=subprocess.DEVNULL)
        while len(server.requests) < 30 and first.poll() is None:
            time.sleep(0.01)
        first.kill()
        assert first.wait() == -9 and not paths["scores"].exists()
        kept, asked = len(paths["answers"].read_text().splitlines()), len(server.requests)
        assert 20 <= kept <= asked < 80
        machine = MachineSettings(device="cpu")
        evaluate.run(settings=settings, machine=machine, relation="hugging", method="base", metric="seen", **paths)
        assert len(server.requests) - asked == 80 - kept
    assert [row.value for row in SCORES.read(paths["scores"])] == [0.5] * 4
