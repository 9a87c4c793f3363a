"""The lists of packages say the same, and a wheel brings one OpenCV."""

import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from dreamrelation.errors import UserError
from dreamrelation.settings.registry import imported

REPOSITORY = Path(__file__).parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
HEADLESS, OTHERS = (
    "opencv-python-headless",
    {"opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless"},
)


def name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found, requirement
    return re.sub(r"[-_.]+", "-", found.group()).lower()


def pinned() -> list[str]:
    lines = (REPOSITORY / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_every_version_is_pinned_once() -> None:
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][^ ]*", line) for line in pinned())
    names = [name(line) for line in pinned()]
    assert len(names) == len(set(names))


def test_conda_installs_the_same() -> None:
    dependencies = yaml.safe_load((REPOSITORY / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    assert dependencies[-1]["pip"] == pinned()


def test_what_the_package_asks_for_is_pinned() -> None:
    asked = {name(line) for line in PROJECT["dependencies"] + EXTRAS["dev"] + EXTRAS["grounding-dino"]}
    assert asked <= {name(line) for line in pinned()}


def test_one_opencv() -> None:
    assert [name(line) for line in pinned() if "opencv" in line] == [HEADLESS]


def all_that_comes(asked: list[str]) -> set[str]:
    """What pip would install for these, by what the installed packages ask for in turn."""
    found: set[str] = set()
    waiting = [Requirement(line) for line in asked]
    while waiting:
        one = waiting.pop()
        if (one.marker is not None and not one.marker.evaluate({"extra": ""})) or name(one.name) in found:
            continue
        found.add(name(one.name))
        try:
            waiting += [Requirement(line) for line in requires(one.name) or []]
        except PackageNotFoundError:  # for another extra or system
            continue
    return found


def test_a_wheel_brings_one_opencv() -> None:
    """Two of them write the same files: the last one wins, and taking either away breaks the other."""
    brought = all_that_comes(PROJECT["dependencies"] + EXTRAS["grounding-dino"])
    assert HEADLESS in brought and not brought & OTHERS
    assert OTHERS & all_that_comes(["groundingdino-py"]), "the extra need not leave out groundingdino-py any more"


def test_the_extra_has_what_the_detector_needs() -> None:
    """groundingdino-py is installed beside it by itself, without what it asks for."""
    needed = {name(Requirement(line).name) for line in requires("groundingdino-py") or []}
    brought = all_that_comes(PROJECT["dependencies"] + EXTRAS["grounding-dino"])
    assert needed - brought == {
        "opencv-python",
        "supervision",
    }  # cv2 is there, supervision draws pictures that we do not


def test_a_library_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As groundingdino-py is not where only a wheel was installed."""
    monkeypatch.setitem(sys.modules, "cv2", None)
    monkeypatch.delitem(sys.modules, "dreamrelation.segmentation.truth", raising=False)
    with pytest.raises(UserError, match=r"no module 'cv2'; docs/installation\.md"):
        imported("dreamrelation.segmentation.truth:Anything")


def test_make_does_not_empty_an_environment_that_is_linked(tmp_path: Path) -> None:
    """As in a second worktree that borrows the first one's: `venv --clear` follows links."""
    for name_ in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(REPOSITORY / name_, tmp_path)
    lent = tmp_path / "lent"
    lent.mkdir()
    (lent / "kept").touch()
    (tmp_path / ".venv").symlink_to(lent)
    made = subprocess.run(["make", "check", f"PYTHON={sys.executable}"], cwd=tmp_path, capture_output=True, text=True)
    assert made.returncode != 0 and ".venv is a link" in made.stdout
    assert (lent / "kept").exists() and sorted(path.name for path in lent.iterdir()) == ["kept"]
