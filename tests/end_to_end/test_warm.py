"""The command that hands jobs over answers as the real one does."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest


@pytest.mark.parametrize("words", [("--help",), ("nonsense",), ("plan", "--config", "missing.yaml"), ("masks",)])
def test_answers_are_those_of_the_real_command(words: tuple[str, ...], warm: Path, tmp_path: Path) -> None:
    real, handed_over = (
        subprocess.run(
            [python.parent / "dreamrelation", *words], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        for python in (Path(sys.executable), warm)
    )
    assert (handed_over.returncode, handed_over.stdout) == (real.returncode, real.stdout)
    assert handed_over.stderr.splitlines()[-1:] == real.stderr.splitlines()[-1:]
    assert real.stdout or real.stderr


SLEEPER = """
import os, pathlib, time

def main():
    pathlib.Path("started").write_text(str(os.getpid()))
    os.rename("started", "at_work")
    time.sleep(600)
"""
LONGEST_S = 60


def test_a_job_ends_with_the_command_that_stands_for_it(warm: Path, tmp_path: Path) -> None:
    """The job is that of another package of the same name, which does nothing."""
    package = tmp_path / "dreamrelation"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "cli.py").write_text(SLEEPER, encoding="utf-8")
    command = subprocess.Popen(
        [warm.parent / "dreamrelation"], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(tmp_path)}
    )
    deadline = time.monotonic() + LONGEST_S
    while not (tmp_path / "at_work").exists():
        assert command.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    job = psutil.Process(int((tmp_path / "at_work").read_text(encoding="utf-8")))
    command.kill()
    command.wait()
    job.wait(LONGEST_S)
