"""The Python whose jobs find the large libraries loaded."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.warm import warm_python


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """For `Checkout.python`."""
    with warm_python(tmp_path_factory.mktemp("warm") / "environment") as python:
        yield python
