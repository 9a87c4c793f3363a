"""The three lists of packages say the same."""

import re
import tomllib
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).parents[2]


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
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = {name(line) for line in project["dependencies"] + project["optional-dependencies"]["dev"]}
    assert asked <= {name(line) for line in pinned()}


def test_one_opencv() -> None:
    assert [name(line) for line in pinned() if "opencv" in line] == ["opencv-python-headless"]
