"""Counted costs: without weights they are those of the model with weights, and two depths tell a third."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from dreamrelation.backbones.cogvideox.settings import CogVideoXSettings
from dreamrelation.backbones.interface import TextEmbeddings
from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.backbones.wan.settings import Wan22Of5BSettings, Wan22OfA14BSettings, WanSettings
from dreamrelation.costs.counted import CPU_ATTENTION
from dreamrelation.forecast.counting import Counter, NotCountedError
from dreamrelation.forecast.stand_in import WORDS
from dreamrelation.methods.lora.settings import LoraSettings
from dreamrelation.methods.motion_embedding.settings import MotionEmbeddingSettings
from dreamrelation.methods.none.settings import NoneSettings
from dreamrelation.methods.textual_inversion.settings import TextualInversionSettings
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.methods import TrainedMethodSettings
from tests.tiny_models import Kind

GRID = (2, 4, 4)
CPU = MachineSettings(device="cpu")
DIRECT = LoraSettings(
    placement={"direct": ("query", "key", "value", "output")},
    inference_adapters=("direct",),
    hybrid_masks=False,
    contrastive=None,
)


@pytest.mark.parametrize(
    ("fixture", "every", "depth"),
    [
        ("random_mochi", 0, 5),
        ("random_mochi", 1, 5),
        ("random_wan", 0, 5),
        ("random_wan", 2, 10),
        ("random_hunyuan_video", 0, 5),
    ],
)
def test_two_depths_tell_a_third(
    fixture: str, every: int, depth: int, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = Counter(request.getfixturevalue(fixture), CPU)
    counter.depth = depth
    asked: list[int] = []
    at_depth = counter.training_at_depth
    monkeypatch.setattr(counter, "training_at_depth", lambda *of: (asked.append(of[-1]), at_depth(*of))[1])
    told = counter.training(DIRECT, None, GRID, 1, every)
    assert len(asked) == 2 and max(asked) < depth
    counted = at_depth(DIRECT, None, GRID, 1, every, depth)
    assert (told.cost.flops, told.trained) == (counted.cost.flops, counted.trained)
    assert told.cost.peak_bytes == pytest.approx(counted.cost.peak_bytes, rel=0.02)


def test_what_is_counted_without_weights_is_what_the_model_does(kind: Kind) -> None:
    counted = Counter(kind.settings, CPU).velocity(NoneSettings(), GRID, 2)
    denoiser = kind.backbone.denoiser()
    length = kind.spec.text_tokens
    texts = TextEmbeddings(
        torch.zeros(2, length, denoiser.text_width),
        (torch.arange(length) < WORDS).expand(2, -1),
        torch.zeros(2, denoiser.pooled_width),
    )
    with torch.no_grad(), FlopCounterMode(display=False, custom_mapping=CPU_ATTENTION) as flops:
        denoiser.velocity(torch.zeros(2, denoiser.channels, *GRID), torch.full((2,), 0.5), texts)
    assert counted.flops == flops.get_total_flops() > 0
    assert counted.peak_bytes > sum(p.numel() * p.itemsize for p in denoiser.module.parameters())


def test_coding_is_counted_for_every_backbone(kind: Kind) -> None:
    counter, autoencoder = Counter(kind.settings, CPU), kind.backbone.autoencoder()
    frames, size = kind.pixel_frames(3), 4 * kind.spec.spatial_stride
    with FlopCounterMode(display=False, custom_mapping=CPU_ATTENTION) as encoding:
        autoencoder.encode(torch.zeros(1, frames, size, size, 3, dtype=torch.uint8).numpy())
    with FlopCounterMode(display=False, custom_mapping=CPU_ATTENTION) as decoding:
        autoencoder.decode(torch.zeros(1, counter.channels, *GRID))
    assert counter.encoding(frames, size, size).flops == encoding.get_total_flops() > 0
    assert counter.decoding(GRID).flops == decoding.get_total_flops() > 0


def test_adapters_off_cost_nothing_and_checkpointing_costs_operations_for_memory(random_mochi: MochiSettings) -> None:
    counter, triplet = Counter(random_mochi, CPU), LoraSettings()
    relation, subject = (counter.training(triplet, role, GRID, 1, 0) for role in ("relation", "subject1"))
    again = counter.training(triplet, "relation", GRID, 1, 1)
    assert relation.trained == subject.trained, "all that is ever trained"
    assert relation.cost.flops > subject.cost.flops, "query and key against value, and ffn in both"
    assert again.cost.flops > relation.cost.flops and again.cost.peak_bytes < relation.cost.peak_bytes


def test_methods_that_differ_in_rates_and_weights_are_counted_once(
    random_mochi: MochiSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter, depths = Counter(random_mochi, CPU), []
    count = counter.training_at_depth
    monkeypatch.setattr(counter, "training_at_depth", lambda *given: depths.append(given[-1]) or count(*given))
    triplet = LoraSettings()
    found = counter.training(triplet, "relation", GRID, 1, 0)
    others = {"mask_weight": 1, "contrastive": {"weight": 1.0}, "learning_rate": 0.1, "steps": 7, "warmup_steps": 1}
    assert counter.training(LoraSettings.model_validate(others), "relation", GRID, 1, 0) == found
    counted = len(depths)
    assert counter.training(LoraSettings(rank=8), "relation", GRID, 1, 0) != found and len(depths) > counted
    fresh = Counter(random_mochi, CPU).training(LoraSettings.model_validate(others), "relation", GRID, 1, 0)
    assert fresh == found, "they cost the same, counted apart"


@pytest.mark.parametrize(
    "method",
    [
        LoraSettings(),
        TextualInversionSettings(),
        MotionEmbeddingSettings(),
        MotionEmbeddingSettings.model_validate({"contrastive": {}}),
    ],
    ids=["triplet", "word", "motion", "motion with contrast"],
)
def test_every_method_is_counted(kind: Kind, method: TrainedMethodSettings) -> None:
    step = Counter(kind.settings, CPU).training(method, "relation", GRID, 1, 0)
    forward = Counter(kind.settings, CPU).velocity(NoneSettings(), GRID, 1)
    # the tiny tokenizer's texts are shorter than those that `forward` is counted with
    assert step.trained > 0 and step.cost.flops > 0.6 * forward.flops


def test_a_published_model_is_counted_before_anything_is_there() -> None:
    sizes = {
        "genmo/mochi-1-preview": (MochiSettings, 10.03e9),
        "Wan-AI/Wan2.1-T2V-1.3B-Diffusers": (WanSettings, 1.42e9),
        "Wan-AI/Wan2.1-T2V-14B-Diffusers": (WanSettings, 14.29e9),
        "Wan-AI/Wan2.2-TI2V-5B-Diffusers": (Wan22Of5BSettings, 5.0e9),
        "Wan-AI/Wan2.2-T2V-A14B-Diffusers": (Wan22OfA14BSettings, 28.58e9),
        "zai-org/CogVideoX-5b": (CogVideoXSettings, 5.57e9),
    }
    for path, (settings, parameters) in sizes.items():
        weights = Counter(settings(path=path), CPU).weights
        assert weights.all / weights.item == pytest.approx(parameters, rel=0.01), path


def test_a_part_whose_sizes_are_not_known_is_said() -> None:
    with pytest.raises(NotCountedError, match="genmo/mochi-1-preview.*text_encoder are not known"):
        Counter(MochiSettings(), CPU).training(TextualInversionSettings(), None, GRID, 1, 0)


def test_operations_of_the_method_at_61_frames_of_mochi() -> None:
    """The numbers of a count of the whole depth, from tests of two smaller ones."""
    counter = Counter(MochiSettings(), CPU)
    grid = MochiSettings.spec.latent_grid(61, 480, 848)
    step = counter.training(DIRECT, None, grid, 1, 1)
    assert step.trained == 32_956_416
    assert step.cost.flops == pytest.approx(1.386e15, rel=0.003)
    assert step.cost.peak_bytes == pytest.approx(26.69 * 2**30, rel=0.01)
