"""Jobs side by side take different cards, and give them back however they end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dreamrelation.errors import UserError
from dreamrelation.own_cards import VISIBLE, cards_here, take_cards

LISTED = """\
GPU 0: NVIDIA H100 (UUID: GPU-{mark}-0)
GPU 1: NVIDIA H100 (UUID: GPU-{mark}-1)
GPU 2: NVIDIA H100 (UUID: GPU-{mark}-2)
"""
DIVIDED = """\
GPU 0: NVIDIA H100 (UUID: GPU-{mark}-0)
  MIG 1g.10gb     Device  0: (UUID: MIG-{mark}-a)
  MIG 1g.10gb     Device  1: (UUID: MIG-{mark}-b)
"""
JOB = "import os, sys; from dreamrelation.own_cards import *; print(take_cards(), flush=True); sys.stdin.read()"


def machine_with(listed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A machine whose nvidia-smi lists these cards, which no other test has; returns the mark in their names."""
    mark = f"{os.getpid()}{tmp_path.name}".replace("_", "")
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{listed.format(mark=mark)}END\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for name in (VISIBLE, "RANK"):
        monkeypatch.delenv(name, raising=False)
    return mark


class Job:
    """A process that takes a card and holds it until it is told to end."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", JOB], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.taken = self.process.stdout.readline().strip()

    def end(self, kill: bool = False) -> None:
        if kill:
            self.process.kill()
        self.process.communicate(timeout=60)


def test_jobs_side_by_side_have_different_cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = machine_with(LISTED, tmp_path, monkeypatch)
    first, second, third = Job(), Job(), Job()
    assert [job.taken for job in (first, second, third)] == [f"['GPU-{mark}-{n}']" for n in range(3)]
    fourth = Job()
    assert fourth.taken == "[]", "all are taken, so one is shared"
    second.end(kill=True)
    again = Job()
    assert again.taken == f"['GPU-{mark}-1']", "a killed job holds nothing"
    for job in (first, third, fourth, again):
        job.end()


def test_a_job_that_needs_several_gets_them_or_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = machine_with(LISTED, tmp_path, monkeypatch)
    other = Job()
    with pytest.raises(UserError, match="found 2 of 3 cards free, expected 3"):
        take_cards(3)
    monkeypatch.setenv(VISIBLE, "")  # is restored after the test
    monkeypatch.delenv(VISIBLE)
    assert take_cards(2) == [f"GPU-{mark}-1", f"GPU-{mark}-2"]
    assert os.environ[VISIBLE] == f"GPU-{mark}-1,GPU-{mark}-2"
    other.end()


def test_parts_of_a_divided_card_are_cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = machine_with(DIVIDED, tmp_path, monkeypatch)
    assert cards_here() == [f"MIG-{mark}-a", f"MIG-{mark}-b"]


def test_what_the_cluster_allows_is_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By UUIDs: card 0 of one job of a node is not card 0 of another one."""
    mark = machine_with(LISTED, tmp_path, monkeypatch)
    monkeypatch.setenv(VISIBLE, "1")
    assert cards_here() == [f"GPU-{mark}-1"] and take_cards() == [] and os.environ[VISIBLE] == "1"
    monkeypatch.setenv(VISIBLE, "2, 0")
    assert cards_here() == [f"GPU-{mark}-2", f"GPU-{mark}-0"]
    monkeypatch.setenv(VISIBLE, "GPU-other")
    assert cards_here() == ["GPU-other"]


def test_a_process_of_several_takes_none_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine_with(LISTED, tmp_path, monkeypatch)
    monkeypatch.setenv("RANK", "1")
    assert take_cards() == [] and VISIBLE not in os.environ


def test_without_cards_nothing_is_taken_and_of_one_there_are_no_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine_with("", tmp_path, monkeypatch)
    assert take_cards() == [] and take_cards(2) == [], "processes of a machine without cards share its cores"
    machine_with(LISTED.splitlines(keepends=True)[0], tmp_path, monkeypatch)
    assert take_cards() == []
    with pytest.raises(UserError, match="found 1 of 1 cards free, expected 2"):
        take_cards(2)
