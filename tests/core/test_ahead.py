"""The next item is worked on while the last one is used, and errors come where they belong."""

import threading
from collections.abc import Iterator

import pytest

from dreamrelation.ahead import ahead


def test_results_come_in_order() -> None:
    assert list(ahead(lambda n: n * n, range(5))) == [0, 1, 4, 9, 16]
    assert list(ahead(str, [])) == []
    assert list(ahead(str, [7])) == ["7"]


def test_the_next_one_is_begun_before_the_last_one_is_used_and_no_other() -> None:
    begun: list[int] = []
    third = threading.Event()

    def work(item: int) -> int:
        begun.append(item)
        if item == 1:
            third.set()
        return item

    results = ahead(work, iter(range(4)))
    assert next(results) == 0
    assert third.wait(5) and begun == [0, 1]
    assert list(results) == [1, 2, 3] and begun == [0, 1, 2, 3]


def test_an_error_is_raised_in_its_turn() -> None:
    def work(item: int) -> int:
        if item == 2:
            raise ValueError("two")
        return item

    seen: list[int] = []
    with pytest.raises(ValueError, match="two"):
        seen.extend(ahead(work, items()))
    assert seen == [] or seen == [0, 1]


def items() -> Iterator[int]:
    yield from range(5)
