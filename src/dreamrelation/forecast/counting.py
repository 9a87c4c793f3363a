"""Costs of the steps that an experiment consists of, counted on its own classes without their weights.

A transformer's blocks cost alike, so two depths are counted and the whole follows: cost(n) = a + b·n, for any of the
depths with the same rest of n by the number of blocks between two checkpoints.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import DataDependentOutputException, DynamicOutputShapeException

from dreamrelation.backbones.interface import Autoencoder, Backbone, Denoiser
from dreamrelation.backbones.sizes import Sizes, sizes_only
from dreamrelation.costs.counted import Cost, cost_of, without_values
from dreamrelation.errors import UserError
from dreamrelation.forecast.stand_in import StandInModel
from dreamrelation.methods.interface import OpenModel, PredictedStep, TrainedMethod
from dreamrelation.roles import ROLES, Role
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.methods import MethodSettings, TrainedMethodSettings, TrainingSettings
from dreamrelation.settings.model import QUANTISED, ModelSettings
from dreamrelation.settings.registry import implementation_of

CAPTION = "A person and a person."
WAYS = ("stream_weights", "shard_weights", "split_videos", "compile_blocks")
"""Settings of the machine that `modes` reckons with, or that change no cost."""
Grid = tuple[int, int, int]


class NotCountedError(Exception):
    """Why the cost of a part cannot be counted here."""


@dataclass(frozen=True)
class Weights:
    """Bytes of the denoiser, as its settings' precision computes."""

    all: int
    blocks: int
    """Of all blocks."""
    linear: int
    """Of the blocks' linear layers, which quantised precisions shorten."""
    largest_block: int
    largest_linear: int
    item: int
    """Bytes of a number."""


@dataclass(frozen=True)
class StepCost:
    """Of a training step of one role."""

    cost: Cost
    """Of one forward and backward pass; memory without the optimizer's."""
    trained: int
    """Numbers that are ever trained, in steps of all roles."""


class Counter:
    """Counts for one model on a machine; what was counted once is remembered.

    Raises UserError where a configuration cannot be read, NotCountedError for a method that cannot be counted here.
    """

    def __init__(self, settings: ModelSettings, machine: MachineSettings) -> None:
        # The precision that the denoiser computes in; `modes` reckons with shorter weights and with streamed ones.
        kept = settings.precision
        if kept.denoiser in QUANTISED:
            kept = kept.model_copy(update={"denoiser": "bfloat16"})
        self.settings = settings.model_copy(update={"precision": kept})
        # Tensors without values are on the CPU.
        plain = {"device": "cpu", "attention": "sdpa"} | dict.fromkeys(WAYS, False)
        self.machine = machine.model_copy(update=plain)
        self.mode = without_values()
        self._known: dict[tuple[object, ...], StepCost] = {}

    @cached_property
    def depth(self) -> int:
        """Number of the denoiser's blocks, of one of its transformers; where it has lists of several kinds, of the
        smallest groups in which they come."""
        return math.gcd(*map(len, _block_lists(self._denoiser)))

    @cached_property
    def channels(self) -> int:
        """Of the denoiser's latents."""
        return self._denoiser.channels

    @cached_property
    def weights(self) -> Weights:
        blocks = [block for blocks in _block_lists(self._denoiser) for block in blocks]
        linear = [[_bytes(layer) for layer in block.modules() if isinstance(layer, nn.Linear)] for block in blocks]
        return Weights(
            all=_bytes(self._denoiser.module),
            blocks=sum(map(_bytes, blocks)),
            linear=sum(map(sum, linear)),
            largest_block=max(map(_bytes, blocks)),
            largest_linear=max(map(max, linear)),
            item=self._denoiser.dtype.itemsize,
        )

    def training(
        self, settings: TrainedMethodSettings, role: Role | None, grid: Grid, batch: int, every: int
    ) -> StepCost:
        """One pass and its gradients, every n-th block checkpointed; 0: none."""
        key = ("training", _what_shapes_it(settings), role, grid, batch, every)
        return self._by_depth(
            key, lambda blocks: self.training_at_depth(settings, role, grid, batch, every, blocks), max(every, 1)
        )

    def training_at_depth(
        self, settings: TrainedMethodSettings, role: Role | None, grid: Grid, batch: int, every: int, blocks: int
    ) -> StepCost:
        """The same of a model of so many blocks."""
        with self.mode, sizes_only(Sizes(blocks)):
            backbone = self._backbone(every)
            model = StandInModel(backbone, backbone.denoiser())
            method = _attached(settings, model, grid)
            active = method.activate(role)
            noisy, clean = (torch.zeros(batch, model.denoiser.channels, *grid) for _ in range(2))
        masks: dict[Role, Tensor] = {each: torch.ones(batch, *grid) for each in ROLES}
        clips = [f"clip{n}" for n in range(batch)]
        sigma = torch.full((batch,), 0.5)

        def step() -> None:
            texts = method.condition([method.training_text(CAPTION)] * batch)
            predicted = model.denoiser.velocity(noisy, sigma, texts)
            method.loss(PredictedStep(predicted, clean, noisy, sigma, role, clips, masks, (0,))).total.backward()
            for parameter in active.values():
                parameter.grad = None

        parameters = list(method.parameters().values())
        cost = _counted(step, [*_tensors(model.denoiser.module), *parameters])
        return StepCost(cost, sum(parameter.numel() for parameter in parameters))

    def velocity(self, settings: MethodSettings, grid: Grid, batch: int) -> Cost:
        """One answer of the model to noisy latents, without gradients, with what the method leaves on."""

        def at_depth(blocks: int) -> StepCost:
            with self.mode, sizes_only(Sizes(blocks)):
                backbone = self._backbone(0)
                model = StandInModel(backbone, backbone.denoiser())
                if isinstance(settings, TrainedMethodSettings):
                    _attached(settings, model, grid).activate_as_used()
                noisy = torch.zeros(batch, model.denoiser.channels, *grid)
            texts, sigma = model.texts.look_up([CAPTION] * batch), torch.full((batch,), 0.5)

            def answer() -> None:
                with torch.no_grad():
                    model.denoiser.velocity(noisy, sigma, texts)

            return StepCost(_counted(answer, _tensors(model.denoiser.module)), 0)

        return self._by_depth(("velocity", _what_shapes_it(settings), grid, batch), at_depth, 1).cost

    def encoding(self, pixel_frames: int, height: int, width: int) -> Cost:
        """One clip through the autoencoder."""
        frames = np.zeros((1, pixel_frames, height, width, 3), np.uint8)
        return _counted(lambda: self._autoencoder.encode(frames), _tensors(self._autoencoder.module))

    def decoding(self, grid: Grid) -> Cost:
        """One video's latents through the autoencoder."""
        with self.mode:
            latents = torch.zeros(1, self.channels, *grid)
        return _counted(lambda: self._autoencoder.pixels(latents), _tensors(self._autoencoder.module))

    @cached_property
    def _denoiser(self) -> Denoiser:
        with self.mode, sizes_only(Sizes()):
            return self._backbone(0).denoiser()

    @cached_property
    def _autoencoder(self) -> Autoencoder:
        with self.mode, sizes_only(Sizes()):
            return self._backbone(0).autoencoder()

    def _backbone(self, every: int) -> Backbone:
        machine = self.machine.model_copy(update={"gradient_checkpointing": every or False})
        return implementation_of(self.settings)(self.settings, machine)

    def _by_depth(self, key: tuple[object, ...], count: Callable[[int], StepCost], period: int) -> StepCost:
        """The cost at the model's depth n, from those at two depths that leave the same rest by the period."""
        if key not in self._known:
            whole = self.depth
            few = whole % period + 2 * period
            more = few + 2 * period
            self._known[key] = count(whole) if whole <= more else _line(few, count(few), more, count(more), whole)
        return self._known[key]


def _line(few: int, less: StepCost, more: int, much: StepCost, whole: int) -> StepCost:
    """What costs `less` at `few` blocks and `much` at `more` costs this at `whole`."""

    def at_whole(a: int, b: int) -> int:
        return a + (b - a) * (whole - few) // (more - few)

    flops = at_whole(less.cost.flops, much.cost.flops)
    peak_bytes = at_whole(less.cost.peak_bytes, much.cost.peak_bytes)
    attention = at_whole(less.cost.attention, much.cost.attention)
    return StepCost(Cost(flops, peak_bytes, attention), at_whole(less.trained, much.trained))


def _what_shapes_it(settings: MethodSettings) -> str:
    """The settings as far as they decide what is computed: not rates and weights, and not how long is trained."""
    dumped = settings.model_dump(mode="json", exclude=set(TrainingSettings.model_fields))
    return json.dumps(_without_fractions(dumped), sort_keys=True)


def _without_fractions(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_fractions(inner) for key, inner in value.items()}
    return None if isinstance(value, float) else value


def _attached(settings: TrainedMethodSettings, model: StandInModel, grid: Grid) -> TrainedMethod:
    method: TrainedMethod = implementation_of(settings)(settings)
    try:
        method.attach(cast(OpenModel, model), grid, 0)
    except UserError as error:
        raise NotCountedError(str(error)) from None
    return method


def _counted(work: Callable[[], object], held: list[Tensor]) -> Cost:
    try:
        return cost_of(work, held)
    except (DataDependentOutputException, DynamicOutputShapeException) as error:
        raise NotCountedError(f"it looks at values, which are not there: {error}") from None


def _bytes(module: nn.Module) -> int:
    return sum(tensor.numel() * tensor.itemsize for tensor in _tensors(module))


def _tensors(module: nn.Module) -> list[Tensor]:
    return [*module.parameters(), *module.buffers()]


def _block_lists(denoiser: Denoiser) -> list[nn.ModuleList]:
    """The lists of blocks of every transformer of the model."""
    names = denoiser.spec.blocks
    ends = tuple(f".{name}" for name in names)
    return [m for n, m in denoiser.module.named_modules() if isinstance(m, nn.ModuleList) and f".{n}".endswith(ends)]
