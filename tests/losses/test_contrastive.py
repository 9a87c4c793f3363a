"""Identities of the relational contrastive loss, in float64, and the memory's rules."""

import math

import torch

from dreamrelation.losses.contrastive import RelationalContrast, RelationMemory, dynamics, frame_features, info_nce
from dreamrelation.settings.losses import ContrastiveSettings


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_with_all_candidates_equal_the_loss_is_the_log_of_their_ratio() -> None:
    for positives, negatives in ((4, 10), (1, 60), (2, 30)):
        direction = random(5)
        anchors = random(3, 5)
        loss = info_nce(anchors, direction.expand(positives, 3, 5), direction.expand(negatives, 5), 0.07)
        expected = math.log((positives + negatives) / positives)
        torch.testing.assert_close(loss, torch.tensor(expected, dtype=torch.float64), rtol=0, atol=1e-12)


def test_the_loss_does_not_depend_on_lengths() -> None:
    anchors, positives, negatives = random(3, 5), random(4, 3, 5, seed=1), random(10, 5, seed=2)
    torch.testing.assert_close(
        info_nce(anchors, positives, negatives, 0.07), info_nce(3 * anchors, 0.1 * positives, 7 * negatives, 0.07)
    )


def test_positives_belong_to_their_position() -> None:
    anchors, negatives = random(3, 5), random(10, 5, seed=2)
    fitting = info_nce(anchors, anchors[None], negatives, 0.07)
    shifted = info_nce(anchors, anchors.roll(1, dims=0)[None], negatives, 0.07)
    assert fitting < shifted


def test_features_are_spatial_means_and_dynamics_their_differences() -> None:
    velocity = random(12, 4, 2, 3)
    features = frame_features(velocity)
    assert features.shape == (4, 12)
    torch.testing.assert_close(features[2, 7], velocity[7, 2].mean())
    torch.testing.assert_close(dynamics(features).cumsum(0), features[1:] - features[0])


def test_no_loss_while_the_memory_has_no_other_clip() -> None:
    contrast = RelationalContrast(ContrastiveSettings())
    generator = torch.Generator().manual_seed(0)
    features = random(4, 12)
    assert contrast.of_clip(features, "a", generator) is None
    contrast.memory.remember("a", features)
    assert contrast.of_clip(features, "a", generator) is None
    contrast.memory.remember("b", random(4, 12, seed=1))
    assert contrast.of_clip(features, "a", generator) is not None


def test_a_batch_is_compared_with_earlier_ones_and_then_remembered() -> None:
    contrast = RelationalContrast(ContrastiveSettings())
    generator = torch.Generator().manual_seed(0)
    assert contrast(random(2, 12, 4, 2, 3), ["a", "b"], generator) is None
    assert [kept.clip for kept in contrast.memory.clips] == ["a", "b"]
    loss = contrast(random(1, 12, 4, 2, 3, seed=1), ["c"], generator)
    assert loss is not None and float(loss) > 0


def test_negatives_are_the_clips_own_frames_first() -> None:
    memory = RelationMemory(10, 64)
    memory.remember("b", random(4, 12, seed=1))
    own = random(4, 12)
    generator = torch.Generator().manual_seed(0)
    chosen = memory.negatives(own, 6, generator)
    assert torch.equal(chosen[:4], own) and len(chosen) == 6
    assert torch.equal(memory.negatives(own, 3, generator), own[:3])


def test_the_memory_is_first_in_first_out_detached_and_restorable() -> None:
    memory = RelationMemory(2, 6)
    for n, name in enumerate("abc"):
        memory.remember(name, random(4, 12, seed=n).requires_grad_())
    assert [kept.clip for kept in memory.clips] == ["b", "c"]
    assert len(memory.frames) == 6
    assert not any(frame.requires_grad for frame in memory.frames)
    again = RelationMemory(2, 6)
    again.restore(memory.state())
    assert all(torch.equal(x, y) for x, y in zip(again.frames, memory.frames, strict=True))
    assert [kept.clip for kept in again.clips] == ["b", "c"]


def test_the_gradient_reaches_the_clip_and_not_the_memory() -> None:
    contrast = RelationalContrast(ContrastiveSettings())
    contrast.memory.remember("b", random(4, 12, seed=1))
    features = random(4, 12).requires_grad_()
    loss = contrast.of_clip(features, "a", torch.Generator().manual_seed(0))
    assert loss is not None
    loss.backward()
    assert features.grad is not None and bool((features.grad != 0).any())
