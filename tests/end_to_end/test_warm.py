"""The command that hands jobs over answers as the real one does."""

import subprocess
import sys
from pathlib import Path

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
