"""Divided weights and tokens: what is forecast of a card is what a process of several does and holds in a step."""

import shutil
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import torch
import torch.distributed as dist
from diffusers import MochiTransformer3DModel
from torch import Tensor
from torch.distributed.tensor import DTensor
from torch.testing._internal.distributed.fake_pg import FakeStore
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.backbones.wan.settings import WanSettings
from dreamrelation.costs.counted import CPU_ATTENTION, Cost
from dreamrelation.forecast.counting import CAPTION, Counter, Grid
from dreamrelation.forecast.modes import GATHERED, Mode, memory_of, with_tokens_divided
from dreamrelation.forecast.stand_in import StandInModel
from dreamrelation.methods.interface import OpenModel, PredictedStep
from dreamrelation.methods.lora.method import Lora
from dreamrelation.settings.model import ModelSettings
from tests.forecast.test_counting import CPU, DIRECT, GRID
from tests.tiny_models import opened

BLOCKS = 8
LARGE = 4096
"""Bytes of a tensor at which it is added up what is held; smaller ones decide nothing."""


class Held(TorchDispatchMode):
    """Remembers the most bytes that storages have at a time, also of those that shrink, as FSDP's do."""

    def __init__(self) -> None:
        super().__init__()
        self.storages: weakref.WeakSet[torch.UntypedStorage] = weakref.WeakSet()
        self.peak = 0

    def see(self, *tensors: Tensor) -> None:
        for tensor in tensors:
            own = tensor.to_local() if isinstance(tensor, DTensor) else tensor
            self.storages.add(own.untyped_storage())
        if any(tensor.nbytes > LARGE for tensor in tensors):
            self.peak = max(self.peak, sum(storage.nbytes() for storage in self.storages))

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        self.see(*(leaf for leaf in tree_leaves(found) if isinstance(leaf, Tensor) and not isinstance(leaf, DTensor)))
        return found


@pytest.fixture
def one_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Makes this process the first of several, whose exchanges are as large as ever and carry nothing."""
    for module in ("sharding", "context_parallelism"):
        monkeypatch.setattr(f"dreamrelation.backbones.{module}.PartialState", lambda cpu: None)
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: 1)  # diffusers numbers processes by cards

    def begin(count: int) -> None:
        monkeypatch.setenv("WORLD_SIZE", str(count))
        dist.init_process_group("fake", rank=0, world_size=count, store=FakeStore())

    yield begin
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def deep_mochi(random_mochi: MochiSettings, tmp_path_factory: pytest.TempPathFactory) -> MochiSettings:
    """The tiny one with more blocks than are together on a card."""
    folder: Path = tmp_path_factory.mktemp("deep") / "mochi"
    shutil.copytree(random_mochi.path, folder)
    transformer: Any = MochiTransformer3DModel.from_pretrained(folder / "transformer")
    deep: Any = MochiTransformer3DModel.from_config({**transformer.config, "num_layers": BLOCKS})
    torch.nn.init.normal_(deep.pos_frequencies, std=0.02)
    deep.save_pretrained(folder / "transformer")
    return random_mochi.model_copy(update={"path": str(folder)})


def counted_step(settings: ModelSettings, grid: Grid, every: int, **machine: object) -> Cost:
    """Operations and the most bytes of a forward and a backward pass of this process, weights included."""
    backbone = opened(settings, gradient_checkpointing=every or False, **machine)
    model = StandInModel(backbone, backbone.denoiser())
    method = Lora(DIRECT)
    method.attach(cast(OpenModel, model), grid, 0)
    method.activate(None)
    noisy, sigma = torch.zeros(1, model.denoiser.channels, *grid), torch.full((1,), 0.5)

    def run() -> None:
        predicted = model.denoiser.velocity(noisy, sigma, method.condition([CAPTION]))
        method.loss(PredictedStep(predicted, noisy, noisy, sigma, None, ["clip"], {}, (0,))).total.backward()
        for parameter in method.parameters().values():
            parameter.grad = None

    with Held() as held:
        held.see(*model.denoiser.module.parameters(), *model.denoiser.module.buffers())
        run()
        run()
    with FlopCounterMode(display=False, custom_mapping=CPU_ATTENTION) as flops:
        run()
    return Cost(flops.get_total_flops(), held.peak)


@pytest.mark.parametrize("every", [0, 1])
def test_divided_weights_take_what_is_forecast(
    deep_mochi: MochiSettings, one_of: Callable[[int], None], every: int
) -> None:
    counter = Counter(deep_mochi, CPU)
    step, weights = counter.training(DIRECT, None, GRID, 1, every), counter.weights
    moments = 8 * step.trained
    forecast = memory_of(Mode(every, "float32", divided_by=4), step, weights) - moments
    whole = memory_of(Mode(every, "float32"), step, weights) - moments
    one_of(4)
    found = counted_step(deep_mochi, GRID, every, shard_weights=True)
    # In the forward pass, where the most blocks are together, a checkpointed step holds less of everything else.
    assert forecast - GATHERED * weights.largest_block < found.peak_bytes <= 1.02 * forecast
    assert found.peak_bytes < whole - 2 * weights.largest_block
    assert found.flops == step.cost.flops


def test_divided_tokens_take_what_is_forecast(random_wan: WanSettings, one_of: Callable[[int], None]) -> None:
    """Of so many that those of the text, which all processes have, matter little."""
    counter, grid = Counter(random_wan, CPU), (4, 64, 64)
    whole = counter.training(DIRECT, None, grid, 1, 0)
    forecast = with_tokens_divided(whole, whole.cost.attention, counter.weights, 2).cost
    one_of(2)
    found = counted_step(random_wan, grid, 0, split_videos=True)
    assert whole.cost.flops / 2 < found.flops == pytest.approx(forecast.flops, rel=0.05)
    # Copies of query, key and value go to the other processes, of one block at a time; here there are two blocks.
    assert forecast.peak_bytes < found.peak_bytes < 1.35 * forecast.peak_bytes < whole.cost.peak_bytes
