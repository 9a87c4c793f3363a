"""Size and effective rank of low-rank changes: known ones, and what cannot be read."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from dreamrelation.adapter_format import METADATA
from dreamrelation.analysis.low_rank import changes_of, effective_rank
from dreamrelation.backbones.mochi.spec import MOCHI
from dreamrelation.errors import UserError

LAYER = "transformer.transformer_blocks"


def write(path: Path, layers: dict[str, tuple[np.ndarray, np.ndarray]], alpha: float, rank: int) -> Path:
    """`layers`: name → (B, A)."""
    tensors = {f"{name}.lora_B.weight": np.ascontiguousarray(up, np.float32) for name, (up, _) in layers.items()}
    tensors |= {f"{name}.lora_A.weight": np.ascontiguousarray(down, np.float32) for name, (_, down) in layers.items()}
    save_file(tensors, path, {METADATA: json.dumps({"transformer.r": rank, "transformer.lora_alpha": alpha})})
    return path


def test_norm_rank_and_shares_are_those_of_the_product(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    up, down = rng.normal(size=(7, 3)), rng.normal(size=(3, 5))
    path = write(tmp_path / "relation.safetensors", {f"{LAYER}.0.attn1.to_q": (up, down)}, alpha=6, rank=3)
    (found,) = changes_of(path, MOCHI)
    values = np.linalg.svd(2 * up.astype(np.float32) @ down.astype(np.float32), compute_uv=False)[:3].astype(float)
    assert (found.adapter, found.projection, found.rank) == ("relation", "query", 3)
    assert (found.block, found.layer) == (f"{LAYER}.0", "attn1.to_q")
    assert found.norm == pytest.approx(np.sqrt((values**2).sum()), rel=1e-6)
    assert found.effective_rank == pytest.approx(effective_rank(values), rel=1e-5)
    assert found.largest_share == pytest.approx(values[0] ** 2 / (values**2).sum(), rel=1e-5)


@pytest.mark.parametrize(("values", "expected"), [([1, 1, 1, 1], 4), ([5, 0, 0], 1), ([2, 2, 0], 2), ([0, 0], 0)])
def test_effective_rank_of_known_values(values: list[float], expected: float) -> None:
    assert effective_rank(np.array(values, float)) == pytest.approx(expected, abs=1e-12)


def test_orthogonal_directions_of_one_size_have_the_whole_rank(tmp_path: Path) -> None:
    basis = np.linalg.qr(np.random.default_rng(1).normal(size=(8, 4))).Q
    layers = {
        f"{LAYER}.10.attn1.to_v": (basis, basis.T),
        f"{LAYER}.2.attn1.add_v_proj": (np.outer(basis[:, 0], [1, 2, 3, 4]), basis.T),
        f"{LAYER}.2.attn1.to_out.0": (np.zeros((8, 4)), basis.T),
    }
    found = {change.layer: change for change in changes_of(write(tmp_path / "a.safetensors", layers, 4, 4), MOCHI)}
    assert list(found) == ["attn1.add_v_proj", "attn1.to_out.0", "attn1.to_v"], "block 2 before block 10"
    assert found["attn1.to_v"].effective_rank == pytest.approx(4, rel=1e-6)
    assert found["attn1.to_v"].norm == pytest.approx(2, rel=1e-6)
    assert found["attn1.add_v_proj"].effective_rank == pytest.approx(1, rel=1e-5)
    nothing = found["attn1.to_out.0"]
    assert (nothing.norm, nothing.effective_rank, nothing.largest_share) == (0, 0, 0)


def test_what_cannot_be_told_is_said(tmp_path: Path) -> None:
    layer = f"{LAYER}.0.attn1.to_q"
    save_file({f"{layer}.lora_A.weight": np.zeros((1, 2), np.float32), f"{layer}.lora_B.weight": np.zeros((2, 1))},
              tmp_path / "scale.safetensors")  # fmt: skip
    save_file({"word": np.zeros(3)}, tmp_path / "word.safetensors")
    (tmp_path / "broken.safetensors").write_bytes(b"no tensors")
    for name, reason in (
        ("scale", "does not tell the scale of transformer's changes"),
        ("word", "found no low-rank change in it"),
        ("broken", "cannot be read"),
        ("missing", "cannot be read"),
    ):
        with pytest.raises(UserError, match=f"{name}.safetensors: {reason}"):
            list(changes_of(tmp_path / f"{name}.safetensors", MOCHI))
