"""The training loop: optimizer, schedule, saved states, time limit. It knows a `Method` and no kind of one."""

import signal
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from dreamrelation.ahead import ahead
from dreamrelation.errors import Unfinished, UserError
from dreamrelation.methods.interface import StepLoss
from dreamrelation.processes import average_gradients, highest_of_processes, is_main_process, process_count
from dreamrelation.progress import Progress
from dreamrelation.roles import Role
from dreamrelation.schedules import warmup_cosine
from dreamrelation.settings.methods import TrainingSettings
from dreamrelation.tables.rows import TrainingStep
from dreamrelation.training.board import Board
from dreamrelation.training.draws import PassId, draw_pass, draw_role
from dreamrelation.training.optimizers import optimizer_of, set_learning_rate
from dreamrelation.training.records import Records, UnreadStep
from dreamrelation.training.resume import TrainingState, Unusable, load_state, put_aside, save_state
from dreamrelation.training.snapshots import Snapshots
from dreamrelation.training.step import PreparedPass, TrainingSetup, pass_loss, prepare
from dreamrelation.training.validation import Validation

STEPS_BETWEEN_READINGS = 20
"""Of the losses, from a GPU."""


@dataclass(frozen=True)
class Saving:
    """Where a stopped training goes on, and when it stops by itself."""

    folder: Path
    fingerprint: str
    """Of all that the training depends on; a state of another one is not taken up."""
    every: int
    """Steps between two states."""
    snapshots: Snapshots | None = None
    minutes: float | None = None
    """Stop, with the state saved, after this long; None: never."""


class Trainer:
    """One method's training on one relation. The method is attached to the model already."""

    def __init__(
        self,
        setup: TrainingSetup,
        settings: TrainingSettings,
        seed: int,
        saving: Saving,
        what: str,
        validation: Validation | None = None,
        board: Path | None = None,
    ) -> None:
        """`board`: folder for TensorBoard."""
        self.setup, self.settings, self.seed, self.saving, self.what = setup, settings, seed, saving, what
        self.validation, self.board = validation, board
        device = setup.denoiser.device.type
        self.accelerator = Accelerator(cpu=device == "cpu")
        spec = setup.denoiser.spec
        if spec.experts and process_count() > 1:
            # They would wait for gradients of each other's transformer for ever.
            raise UserError(
                f"{what}: found {process_count()} processes, expected one: {spec.title} is trained in one process"
            )
        if not setup.whole_batch and settings.batch_size % process_count():
            raise UserError(
                f"{what}: found training.batch_size {settings.batch_size} and {process_count()} processes, expected a"
                " number of clips that they can share evenly"
            )
        self.parameters = setup.method.parameters()
        self.optimizer = optimizer_of(settings, list(self.parameters.values()))
        self.records = Records(what, every=1 if device == "cpu" else STEPS_BETWEEN_READINGS)
        self.step = 0

    def train(self) -> list[TrainingStep]:
        """Train to the end, from the saved state if there is one.

        Raises SystemExit on SIGTERM (143) and Ctrl-C (130), Unfinished past the time limit, all with the state saved.
        """
        self._restore()
        started = time.monotonic()
        self.records.restart_clock()
        with (
            Progress(self.what, self.settings.steps, self.step) as counter,
            _signals() as received,
            closing(self.prepared_from(self.step)) as prepared,
            self._on_board(),
        ):
            while self.step < self.settings.steps:
                self.train_step(prepared)
                if self.saving.snapshots is not None and is_main_process():
                    self.saving.snapshots.take(self.step)
                counter.advance(note=self.records.note())
                minutes = (time.monotonic() - started) / 60
                out_of_time = self.saving.minutes is not None and minutes > self.saving.minutes
                number, out_of_time = self._agreed(received[0] if received else 0, out_of_time)
                if self.step % self.saving.every == 0 or number or out_of_time:
                    self._save()
                if number:
                    print(f"stopped at step {self.step}, the state is saved; run again to go on", file=sys.stderr)
                    raise SystemExit(128 + number)
                if out_of_time and self.step < self.settings.steps:
                    raise Unfinished(
                        f"{self.saving.minutes:g} minutes are over at step {self.step}, the state is saved;"
                        " run again to go on"
                    )
        return self.records.read()

    @contextmanager
    def _on_board(self) -> Iterator[None]:
        """Show what is read, where there is a board."""
        if self.board is None or not is_main_process():
            yield
            return
        with Board(self.board, self.step) as board:
            self.records.show = board.show
            yield
            self.records.read()

    def _agreed(self, number: int, out_of_time: bool) -> tuple[int, bool]:
        """The signal that stops all processes, 0 for none, and whether the time is over for all.

        Several processes must stop after the same step, so they ask each other, though not after every one.
        """
        if process_count() > 1 and self.step % STEPS_BETWEEN_READINGS:
            return 0, False
        agreed, over = highest_of_processes([number, int(out_of_time)], self.setup.denoiser.device)
        return agreed, bool(over)

    def prepared_from(self, step: int) -> Generator[PreparedPass]:
        """The passes of this step and of those after it; each is prepared while the one before is computed."""
        settings, accelerator = self.settings, self.accelerator
        all_clips = self.setup.whole_batch
        share = (0, 1) if all_clips else (accelerator.process_index, accelerator.num_processes)
        ids = (PassId(self.seed, s, p) for s in range(step, settings.steps) for p in range(settings.accumulation))

        def work(pass_id: PassId) -> PreparedPass:
            draw = draw_pass(self.setup.data, pass_id, settings.batch_size, settings.caption_dropout)
            return prepare(self.setup, pass_id, draw, *share)

        return ahead(work, ids)

    def train_step(self, prepared: Iterator[PreparedPass]) -> None:
        """Draw, forward, backward and update: `prepared` goes on with the passes of the step that follows."""
        step, settings = self.step, self.settings
        role = draw_role(self.setup.method.roles, self.seed, step)
        active = self.setup.method.activate(role)
        losses, clips = self._gradients(role, prepared)
        average_gradients([parameter.grad for parameter in active.values() if parameter.grad is not None])
        rate = settings.learning_rate * warmup_cosine(step, settings.steps, settings.warmup_steps)
        set_learning_rate(self.optimizer, rate)
        norm = self._limited_gradients(list(active.values()))
        self.optimizer.step()
        self.step += 1
        due = self.validation is not None and self.validation.due(self.step, settings.steps)
        held_out = self.validation.losses() if self.validation is not None and due else {}
        self.records.add(UnreadStep(step, role or "all", tuple(clips), losses, norm, rate, held_out))

    def _gradients(self, role: Role | None, prepared: Iterator[PreparedPass]) -> tuple[list[StepLoss], list[str]]:
        """Run a step's forward and backward passes: their losses, without graphs, and clips."""
        losses, clips = [], []
        for one in islice(prepared, self.settings.accumulation):
            loss = pass_loss(self.setup, one, role)
            self.accelerator.backward(loss.total / self.settings.accumulation)
            losses.append(loss.detached())
            clips += [self.setup.data.clips[row] for row in one.all_rows]
        return losses, clips

    def _limited_gradients(self, parameters: list[nn.Parameter]) -> Tensor:
        """The gradients' norm, a scalar on the device; they are clipped where the settings say so."""
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        norm = nn.utils.get_total_norm(gradients)
        if self.settings.gradient_norm is not None:
            nn.utils.clip_grads_with_norm_(parameters, self.settings.gradient_norm, norm)
        return norm

    def _save(self) -> None:
        self.records.read()  # raises where a loss was not finite: such a state is never kept
        if not is_main_process():
            return
        parameters = {name: parameter.detach().cpu() for name, parameter in self.parameters.items()}
        rows = [asdict(row) for row in self.records.rows]
        state = TrainingState(self.step, parameters, self.optimizer.state_dict(), self.setup.method.state(), rows)
        save_state(self.saving.folder, state, self.saving.fingerprint)

    def _restore(self) -> None:
        state = load_state(self.saving.folder, self.saving.fingerprint)
        self.accelerator.wait_for_everyone()
        if isinstance(state, TrainingState) and set(state.parameters) != set(self.parameters):
            state = Unusable("holds other parameters than the method has")
        if isinstance(state, Unusable):
            if is_main_process():
                put_aside(self.saving.folder, state)
            return
        if state is None:
            return
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                parameter.copy_(state.parameters[name])
        self.optimizer.load_state_dict(state.optimizer)
        self.setup.method.restore(state.method)
        self.records.rows, self.step = [TrainingStep(**row) for row in state.rows], state.step
        print(f"going on from step {self.step} in {self.saving.folder}", file=sys.stderr)


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
