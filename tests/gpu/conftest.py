"""Kernels that give the same bits each time, for tests that need a graphics card; `make test-gpu` runs them on one."""

import os
from collections.abc import Iterator

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read when the first product of matrices is computed


@pytest.fixture(autouse=True)
def exact() -> Iterator[None]:
    """What has no exact kernel warns. The memory-efficient attention would only warn, so attention is torch's plain."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.use_deterministic_algorithms(False)
