"""The training loop: optimizer, schedule, saved states, time limit. It returns rows and writes states only."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from tqdm import tqdm

from dreamrelation.adapters.activation import activate
from dreamrelation.adapters.placement import AdapterShape, adapter_parameters, place
from dreamrelation.backbones.interface import Denoiser
from dreamrelation.captions.reading import EmbeddedCaptions
from dreamrelation.latents.reading import CachedClips
from dreamrelation.losses.contrastive import RelationMemory
from dreamrelation.schedules import warmup_cosine
from dreamrelation.settings.training import TrainingSettings
from dreamrelation.training.draws import draw_step
from dreamrelation.training.resume import TrainingState, load_state, save_state
from dreamrelation.training.step import StepLoss, adapters_of, step_loss

TERMINATED = 143
"""Exit status of a training that SIGTERM stopped, 128 + 15."""


@dataclass
class Trainer:
    """One method's training on one relation."""

    denoiser: Denoiser
    data: CachedClips
    captions: EmbeddedCaptions
    method: TrainingSettings
    seed: int
    resume: Path
    fingerprint: str
    minutes: float | None = None
    """Stop, with the state saved, after this long; None: never."""

    def __post_init__(self) -> None:
        self.accelerator = Accelerator(cpu=self.denoiser.device.type == "cpu")
        shape = AdapterShape(self.method.rank, self.method.alpha)
        place(self.denoiser, self.method.placement, shape, self.seed)
        self.denoiser.module.to(self.denoiser.device)
        self.parameters: dict[str, nn.Parameter] = {}
        for adapter in self.method.placement:
            self.parameters |= adapter_parameters(self.denoiser.module, adapter)
        self.optimizer = torch.optim.AdamW(
            list(self.parameters.values()), lr=self.method.learning_rate, weight_decay=self.method.weight_decay
        )
        contrastive = self.method.contrastive
        self.memory = RelationMemory(contrastive.memory_clips, contrastive.memory_frames)
        self.rows: list[dict] = []
        self.step = 0

    def train(self) -> list[dict]:
        """Train to the end, from the saved state if there is one; returns rows of tables.TRAINING.

        Raises SystemExit(143) on SIGTERM and TimeoutError past the time limit, both with the state saved.
        """
        self._restore()
        started = time.monotonic()
        bar = tqdm(total=self.method.steps, initial=self.step, desc="train", file=sys.stderr, mininterval=2.0)
        with _terminable() as terminated:
            while self.step < self.method.steps:
                self.rows.append(self.train_step(self.step))
                self.step += 1
                bar.update()
                out_of_time = self.minutes is not None and time.monotonic() - started > 60 * self.minutes
                if self.step % self.method.checkpoint_every == 0 or terminated or out_of_time:
                    self._save()
                if terminated:
                    raise SystemExit(TERMINATED)
                if out_of_time and self.step < self.method.steps:
                    raise TimeoutError(f"{self.minutes} minutes are over at step {self.step}; run again to go on")
        return self.rows

    def train_step(self, step: int) -> dict:
        """Draw, forward, backward and update; returns a row of tables.TRAINING."""
        started = time.monotonic()
        method, rank = self.method, self.accelerator.process_index
        draw = draw_step(
            self.data, self.seed, step, rank, method.batch_size, method.caption_dropout, method.hybrid_masks
        )
        active = activate(self.denoiser.module, adapters_of(draw, method))
        loss = step_loss(self.denoiser, self.data, self.captions, draw, method, self.memory, (self.seed, step, rank))
        self.accelerator.backward(loss.total)
        for parameter in active.values():
            if parameter.grad is not None:
                parameter.grad = cast(Tensor, self.accelerator.reduce(parameter.grad, "mean"))
        rate = method.learning_rate * warmup_cosine(step, method.steps, method.warmup_steps)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        limit = method.gradient_norm if method.gradient_norm is not None else float("inf")
        norm = float(nn.utils.clip_grad_norm_(list(active.values()), limit))
        if not torch.isfinite(loss.total.detach()):
            names = [self.data.clips[row] for row in draw.rows]
            raise FloatingPointError(f"step {step}: the loss is {float(loss.total.detach())} for the clips {names}")
        self.optimizer.step()
        return self._row(step, draw.role or "all", draw.rows, loss, rate, norm, time.monotonic() - started)

    def _row(
        self, step: int, role: str, rows: list[int], loss: StepLoss, rate: float, norm: float, seconds: float
    ) -> dict:
        return {
            "step": step,
            "role": role,
            "clips": [self.data.clips[row] for row in rows],
            "loss": float(loss.total.detach()),
            "reconstruction": float(loss.reconstruction.detach()),
            "contrastive": None if loss.contrastive is None else float(loss.contrastive.detach()),
            "learning_rate": rate,
            "gradient_norm": norm,
            "seconds": seconds,
        }

    def _save(self) -> None:
        if not self.accelerator.is_main_process:
            return
        adapters = {name: parameter.detach().cpu() for name, parameter in self.parameters.items()}
        state = TrainingState(self.step, adapters, self.optimizer.state_dict(), self.memory.state(), self.rows)
        save_state(self.resume, state, self.fingerprint)

    def _restore(self) -> None:
        state = load_state(self.resume, self.fingerprint)
        if state is None:
            return
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                parameter.copy_(state.adapters[name])
        self.optimizer.load_state_dict(state.optimizer)
        self.memory.restore(state.memory)
        self.rows, self.step = state.rows, state.step
        print(f"going on from step {self.step} in {self.resume}", file=sys.stderr)


@contextmanager
def _terminable() -> Iterator[list[int]]:
    """Collect SIGTERM instead of dying of it: the list is empty until the signal comes."""
    received: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: received.append(number))
    try:
        yield received
    finally:
        signal.signal(signal.SIGTERM, before)
