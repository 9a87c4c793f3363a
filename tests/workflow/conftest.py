"""A fresh checkout of the workflow and a finished one."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.workflow.checkout import Checkout, copy_workflow

from dreamrelation.puppets.theatre.folder import MARKER

Edit = Callable[[str, str, str], None]


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A fresh checkout, in which nothing has been made."""
    return copy_workflow(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which all outputs are there, empty, and Snakemake believes that it made them."""
    checkout = copy_workflow(tmp_path_factory.mktemp("finished"))
    checkout.place(*(row["output_file"] for row in checkout.summary()))
    (checkout.folder / "data/puppets/ntu" / MARKER).touch()
    touched = checkout.snakemake("--touch", "--forceall")
    assert touched.status == 0, touched.text
    return checkout


@pytest.fixture
def edit(finished: Checkout) -> Iterator[Edit]:
    """A function that replaces `old` by `new` in a file of the finished checkout; undone after the test."""
    before: dict[Path, str] = {}

    def replace(path: str, old: str, new: str) -> None:
        file = finished.folder / path
        before[file] = file.read_text(encoding="utf-8")
        assert old in before[file], f"{path}: found no {old!r} to replace"
        file.write_text(before[file].replace(old, new, 1), encoding="utf-8")

    yield replace
    for file, text in before.items():
        file.write_text(text, encoding="utf-8")
