"""The training loop: optimizer, schedule, saved states, time limit. It knows a `Method` and no kind of one."""

import math
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from dreamrelation.errors import UserError
from dreamrelation.methods.interface import StepLoss
from dreamrelation.progress import Progress
from dreamrelation.roles import Role
from dreamrelation.schedules import warmup_cosine
from dreamrelation.settings.methods import TrainingSettings
from dreamrelation.tables.rows import TrainingStep
from dreamrelation.training.draws import PassId, draw_pass, draw_role
from dreamrelation.training.resume import TrainingState, Unusable, load_state, put_away, save_state
from dreamrelation.training.step import TrainingSetup, pass_loss


@dataclass(frozen=True)
class Saving:
    """Where a stopped training goes on, and when it stops by itself."""

    folder: Path
    fingerprint: str
    """Of all that the training depends on; a state of another one is not taken up."""
    every: int
    """Steps between two states."""
    minutes: float | None = None
    """Stop, with the state saved, after this long; None: never."""


class Trainer:
    """One method's training on one relation. The method is attached to the model already."""

    def __init__(self, setup: TrainingSetup, settings: TrainingSettings, seed: int, saving: Saving, what: str) -> None:
        self.setup, self.settings, self.seed, self.saving, self.what = setup, settings, seed, saving, what
        self.accelerator = Accelerator(cpu=setup.denoiser.device.type == "cpu")
        self.parameters = setup.method.parameters()
        self.optimizer = torch.optim.AdamW(
            list(self.parameters.values()), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        self.rows: list[TrainingStep] = []
        self.step = 0

    def train(self) -> list[TrainingStep]:
        """Train to the end, from the saved state if there is one.

        Raises SystemExit on SIGTERM (143) and on Ctrl-C (130), UserError past the time limit, all with the state saved.
        """
        self._restore()
        started = time.monotonic()
        with Progress(self.what, self.settings.steps, self.step) as counter, _signals() as received:
            while self.step < self.settings.steps:
                self.rows.append(self.train_step(self.step))
                self.step += 1
                counter.advance()
                minutes = (time.monotonic() - started) / 60
                out_of_time = self.saving.minutes is not None and minutes > self.saving.minutes
                if self.step % self.saving.every == 0 or received or out_of_time:
                    self._save()
                if received:
                    print(f"stopped at step {self.step}, the state is saved; run again to go on", file=sys.stderr)
                    raise SystemExit(128 + received[0])
                if out_of_time and self.step < self.settings.steps:
                    raise UserError(
                        f"{self.saving.minutes:g} minutes are over at step {self.step}, the state is saved;"
                        " run again to go on"
                    )
        return self.rows

    def train_step(self, step: int) -> TrainingStep:
        """Draw, forward, backward and update."""
        started = time.monotonic()
        role = draw_role(self.setup.method.roles, self.seed, step)
        active = self.setup.method.activate(role)
        losses, clips = self._gradients(role, step)
        for parameter in active.values():
            if parameter.grad is not None:
                parameter.grad = cast(Tensor, self.accelerator.reduce(parameter.grad, "mean"))
        settings = self.settings
        rate = settings.learning_rate * warmup_cosine(step, settings.steps, settings.warmup_steps)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        limit = math.inf if settings.gradient_norm is None else settings.gradient_norm
        norm = float(nn.utils.clip_grad_norm_(list(active.values()), limit))
        self.optimizer.step()
        return TrainingStep(
            step=step,
            role=role or "all",
            clips=tuple(clips),
            loss=_mean([float(loss.total.detach()) for loss in losses]),
            terms=_mean_terms(losses),
            learning_rate=rate,
            gradient_norm=norm,
            seconds=time.monotonic() - started,
        )

    def _gradients(self, role: Role | None, step: int) -> tuple[list[StepLoss], list[str]]:
        """Run the step's forward and backward passes. Raises UserError where a loss is not finite."""
        losses, clips = [], []
        for part in range(self.settings.accumulation):
            pass_id = PassId(self.seed, step, self.accelerator.process_index, part)
            draw = draw_pass(self.setup.data, pass_id, self.settings.batch_size, self.settings.caption_dropout)
            loss = pass_loss(self.setup, draw, role, pass_id)
            names = [self.setup.data.clips[row] for row in draw.rows]
            if not torch.isfinite(loss.total.detach()):
                raise UserError(
                    f"{self.what}, step {step}: the loss is {float(loss.total.detach())} for the clips {names};"
                    " a smaller learning rate or float32 may help"
                )
            self.accelerator.backward(loss.total / self.settings.accumulation)
            losses.append(loss)
            clips += names
        return losses, clips

    def _save(self) -> None:
        if not is_main_process():
            return
        parameters = {name: parameter.detach().cpu() for name, parameter in self.parameters.items()}
        rows = [asdict(row) for row in self.rows]
        state = TrainingState(self.step, parameters, self.optimizer.state_dict(), self.setup.method.state(), rows)
        save_state(self.saving.folder, state, self.saving.fingerprint)

    def _restore(self) -> None:
        state = load_state(self.saving.folder, self.saving.fingerprint)
        self.accelerator.wait_for_everyone()
        if isinstance(state, TrainingState) and set(state.parameters) != set(self.parameters):
            state = Unusable("holds other parameters than the method has", is_ours=False)
        if isinstance(state, Unusable):
            if is_main_process():
                put_away(self.saving.folder, state)
            return
        if state is None:
            return
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                parameter.copy_(state.parameters[name])
        self.optimizer.load_state_dict(state.optimizer)
        self.setup.method.restore(state.method)
        self.rows, self.step = [TrainingStep(**row) for row in state.rows], state.step
        print(f"going on from step {self.step} in {self.saving.folder}", file=sys.stderr)


def is_main_process() -> bool:
    """Whether this process writes the outputs; `accelerate launch` numbers its processes in RANK."""
    return os.environ.get("RANK", "0") == "0"


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _mean_terms(losses: list[StepLoss]) -> dict[str, float]:
    """Each term's mean over the passes in which it applied."""
    names = dict.fromkeys(name for loss in losses for name in loss.terms)
    return {n: _mean([float(loss.terms[n].detach()) for loss in losses if n in loss.terms]) for n in names}


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Collect SIGTERM and SIGINT instead of dying of them: the list is empty until one comes."""
    received: list[int] = []
    before = {
        number: signal.signal(number, lambda number, frame: received.append(number))
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
