"""Doing the next piece of work in a thread while the caller is busy with the last one."""

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def ahead(work: Callable[[Item], Result], items: Iterable[Item]) -> Generator[Result]:
    """`work` of each item in order; that of the next one is done while the caller uses this one, and no further ahead,
    so that there are two results at a time.

    For work that waits or runs outside Python, such as decoding videos. An error is raised where its item's turn is.
    Closing it waits for the work that was begun.
    """
    with ThreadPoolExecutor(1) as thread:
        waiting = iter(items)
        try:
            future = thread.submit(work, next(waiting))
        except StopIteration:
            return
        for item in waiting:
            following = thread.submit(work, item)
            try:
                yield future.result()
            except BaseException:
                following.cancel()
                raise
            future = following
        yield future.result()
