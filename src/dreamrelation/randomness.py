"""Randomness derived from what it is for, so that nothing depends on order, batch size or a stopped run."""

import hashlib

import torch


def derived_seed(*parts: int | str) -> int:
    """A 31-bit seed from (seed, purpose, step, …)."""
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def generator_for(*parts: int | str) -> torch.Generator:
    """A CPU generator seeded from (seed, purpose, step, …): the same numbers on every device."""
    return torch.Generator().manual_seed(derived_seed(*parts))
