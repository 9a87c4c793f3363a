"""Models by their sizes alone, made of their configurations, so that costs are counted before weights are there."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """How parts are made."""

    blocks: int | None = None
    """Number of blocks of each of the denoiser's transformers; None: as the configuration says."""


_current: ContextVar[Sizes | None] = ContextVar("sizes", default=None)


@contextmanager
def sizes_only(sizes: Sizes) -> Iterator[None]:
    """Within it no weights are read: parts get the values that torch's current mode gives to new tensors.

    In the mode of `costs.counted.without_values` these are none, and a model of any size takes no memory.
    """
    token = _current.set(sizes)
    try:
        yield
    finally:
        _current.reset(token)


def current_sizes() -> Sizes | None:
    """Within `sizes_only` what it was given, else None."""
    return _current.get()
