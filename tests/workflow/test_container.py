"""The container file copies what is there, installs what is pinned, and hides nothing: it is not built here."""

import re
import shlex
import subprocess
from fnmatch import fnmatch

from tests.workflow.checkout import PARTS, REPOSITORY

TEXT = (REPOSITORY / "Containerfile").read_text(encoding="utf-8")
HIDDEN = [
    line
    for line in (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


def instructions() -> list[tuple[str, str]]:
    """Keyword and what follows it; lines that go on are put together."""
    lines = [line for line in TEXT.splitlines() if not line.startswith("#")]
    whole = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in whole.splitlines() if line)]


def copied() -> list[str]:
    """Paths of the repository that go into the image."""
    words = [
        [w for w in shlex.split(rest) if not w.startswith("--")] for word, rest in instructions() if word == "COPY"
    ]
    return [path for paths in words for path in paths[:-1]]


def is_sent(path: str) -> bool:
    """Whether a path is given to the builder: the last line of .dockerignore that fits it or a folder above decides."""
    parts = path.split("/")
    sent = True
    for line in HIDDEN:
        pattern = line.removeprefix("!").removeprefix("**/")
        whole = ["/".join(parts[: n + 1]) for n in range(len(parts))]
        candidates = parts if "**/" in line else [w for w in whole if w.count("/") == pattern.count("/")]
        if any(fnmatch(candidate, pattern) for candidate in candidates):
            sent = line.startswith("!")
    return sent


def tracked(path: str) -> list[str]:
    listed = subprocess.run(["git", "ls-files", "--", path], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return listed.stdout.splitlines()


def test_all_that_is_copied_is_there_and_sent() -> None:
    for path in copied():
        files = tracked(path)
        assert files, f"{path}: git knows no such file"
        assert all(is_sent(file) for file in files), f"{path}: hidden by .dockerignore"


def test_nothing_else_is_sent() -> None:
    for path in tracked("."):
        assert is_sent(path) == any(path == part or path.startswith(f"{part}/") for part in copied()), path
    for path in (".venv/bin/python", ".git/config", "results/puppets/report/index.html", "data/puppets/ntu/a.avi"):
        assert not is_sent(path)


def test_the_whole_workflow_is_in_it() -> None:
    assert set(PARTS) | {"data/puppets/models", "requirements.txt"} <= set(copied())


def test_packages_come_from_the_pinned_list_alone() -> None:
    installs = [
        part for word, rest in instructions() if word == "RUN" for part in rest.split("&&") if " install " in part
    ]
    pip = [part for part in installs if " pip install" in part]
    assert [part.split()[-2:] for part in pip] == [["-r", "requirements.txt"], ["--editable", "."]]
    assert all("--no-deps" in part for part in pip)
    assert [part.split()[-2:] for part in installs if part not in pip] == [["git", "make"]]


def test_nobody_is_root_and_nothing_is_secret() -> None:
    words = [word for word, _ in instructions()]
    assert dict(instructions())["USER"] == "dreamrelation"
    assert words.index("USER") < words.index("COPY")
    assert "://" not in TEXT and not re.search(r"(?i)token|password|secret|index-url", TEXT)
    assert [rest for word, rest in instructions() if word in ("ARG", "FROM")] == [
        "BASE=python:3.11-slim-bookworm",
        "${BASE}",
    ]
