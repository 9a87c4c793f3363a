"""A wheel holds the package and nothing else, and works where there is no repository.

The environment of these tests lends its libraries to a fresh one, in seconds and without gigabytes; what pip would
bring with the wheel is told by tests/workflow/test_environment.py.
"""

import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from email.parser import Parser
from pathlib import Path

import pytest
from tests.workflow.checkout import REPOSITORY

DATA = {".css", ".j2", ".js", ".py", ".yaml"}
SMALL = """\
relations: [kicking]
puppets: {folder: clips, good_clips: 1}
"""


@dataclass(frozen=True)
class Built:
    """What `make wheel` makes."""

    wheel: Path
    source: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("dist")
    called = ["make", "packages", f"DIST={folder}", f"BIN={Path(sys.executable).parent}"]
    subprocess.run(called, cwd=REPOSITORY, check=True, capture_output=True, text=True)
    (wheel,), (source,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return Built(wheel, source)


@pytest.fixture(scope="module")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment in which the wheel is, with other libraries lent."""
    folder = tmp_path_factory.mktemp("fresh") / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin/python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, str(built.wheel)], check=True, capture_output=True, text=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    lent = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (packages / "lent.pth").write_text("\n".join(sorted(lent)) + "\n", encoding="utf-8")
    return python.parent


def call(installed: Path, folder: Path, program: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the fresh environment with nothing of this one's."""
    clean = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1"}
    return subprocess.run([installed / program, *words], cwd=folder, env=clean, capture_output=True, text=True)


def package_files() -> Iterator[str]:
    source = REPOSITORY / "src"
    for path in (source / "dreamrelation").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(source).as_posix()


def test_the_package_has_no_files_that_a_wheel_would_leave_out() -> None:
    assert {Path(path).suffix for path in package_files()} <= DATA


def test_the_wheel_holds_the_package_and_nothing_else(built: Built) -> None:
    held = {name for name in zipfile.ZipFile(built.wheel).namelist() if ".dist-info/" not in name}
    assert held == set(package_files())


def test_the_source_distribution_holds_the_package_too(built: Built) -> None:
    with tarfile.open(built.source) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    assert held >= {f"src/{path}" for path in package_files()} | {"LICENSE", "README.md", "pyproject.toml"}
    assert not [name for name in held if name.startswith(("tests", "results", "data"))]


def test_the_wheel_tells_its_licence(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as archive:
        (home,) = {name.partition("/")[0] for name in archive.namelist() if ".dist-info/" in name}
        told = Parser().parsestr(archive.read(f"{home}/METADATA").decode())
        licence = archive.read(f"{home}/licenses/LICENSE").decode()
    assert told["License-Expression"] == "Apache-2.0" and told.get_all("License-File") == ["LICENSE"]
    assert licence == (REPOSITORY / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in licence and "END OF TERMS AND CONDITIONS" in licence


def test_it_works_without_the_repository(installed: Path, tmp_path: Path) -> None:
    where = call(installed, tmp_path, "python", "-c", "import dreamrelation; print(dreamrelation.__file__)")
    assert Path(where.stdout.strip()).is_relative_to(installed.parent), where.stdout + where.stderr
    for words in (["--help"], ["plan", "--help"]):
        shown = call(installed, tmp_path, "dreamrelation", *words)
        assert shown.returncode == 0 and "usage: dreamrelation" in shown.stdout, shown.stderr


def test_a_stage_runs_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    for name, text in (("config.yaml", (REPOSITORY / "config.yaml").read_text()), ("small.yaml", SMALL)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    played = call(installed, tmp_path, "dreamrelation", "puppets", "--config", "config.yaml", "small.yaml")
    assert played.returncode == 0, played.stderr
    assert (tmp_path / "clips/manifest.json").is_file() and list(tmp_path.glob("clips/nturgb+d_rgb/*.avi"))
