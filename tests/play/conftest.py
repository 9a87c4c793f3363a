"""A desk whose maker makes as many steps as it is let."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.play.fake import FakeMaker, desk_with

from dreamrelation.play.desk import Desk


@pytest.fixture
def maker() -> FakeMaker:
    return FakeMaker(gated=True)


@pytest.fixture
def desk(maker: FakeMaker, tmp_path: Path) -> Iterator[Desk]:
    desk = desk_with(maker, tmp_path)
    yield desk
    maker.let(1000)
    desk.queue.close()
