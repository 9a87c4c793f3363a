"""Divided weights: what is forecast of a card is what a process of several holds in a step that runs."""

import shutil
import weakref
from collections.abc import Iterator
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

from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.forecast.counting import CAPTION, Counter
from dreamrelation.forecast.modes import Mode, memory_of
from dreamrelation.forecast.stand_in import StandInModel
from dreamrelation.methods.interface import OpenModel, PredictedStep
from dreamrelation.methods.lora.method import Lora
from tests.forecast.test_counting import CPU, DIRECT, GRID
from tests.tiny_models import opened

PROCESSES = 4
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
def one_of_several(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process as the first of some whose exchanges are as large as ever and carry nothing."""
    monkeypatch.setenv("WORLD_SIZE", str(PROCESSES))
    monkeypatch.setattr("dreamrelation.backbones.sharding.PartialState", lambda cpu: None)
    dist.init_process_group("fake", rank=0, world_size=PROCESSES, store=FakeStore())
    yield
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


def held_by_a_step(settings: MochiSettings, every: int) -> int:
    """Bytes at the most of a forward and a backward pass of one process, weights included."""
    backbone = opened(settings, shard_weights=True, gradient_checkpointing=every or False)
    model = StandInModel(backbone, backbone.denoiser())
    method = Lora(DIRECT)
    method.attach(cast(OpenModel, model), GRID, 0)
    method.activate(None)
    noisy = torch.zeros(1, model.denoiser.channels, *GRID)
    with Held() as held:
        held.see(*model.denoiser.module.parameters(), *model.denoiser.module.buffers())
        for _ in range(2):
            texts = method.condition([CAPTION])
            predicted = model.denoiser.velocity(noisy, torch.full((1,), 0.5), texts)
            step = PredictedStep(predicted, noisy, noisy, torch.full((1,), 0.5), None, ["clip"], {}, (0,))
            method.loss(step).total.backward()
            for parameter in method.parameters().values():
                parameter.grad = None
    return held.peak


@pytest.mark.parametrize("every", [0, 1])
def test_a_process_holds_what_is_forecast(deep_mochi: MochiSettings, one_of_several: None, every: int) -> None:
    counter = Counter(deep_mochi, CPU)
    step, weights = counter.training(DIRECT, None, GRID, 1, every), counter.weights
    moments = 8 * step.trained
    forecast = memory_of(Mode(every, "float32", divided_by=PROCESSES), step, weights) - moments
    whole = memory_of(Mode(every, "float32"), step, weights) - moments
    found = held_by_a_step(deep_mochi, every)
    # In the forward pass, where the most blocks are together, a checkpointed step holds less of everything else.
    assert forecast - 2 * weights.largest_block < found <= 1.02 * forecast
    assert found < whole - 2 * weights.largest_block
