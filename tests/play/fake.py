"""A maker without a model: small videos of one colour, at once or only as far as it is let."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from dreamrelation.errors import UserError
from dreamrelation.files import file_sha256
from dreamrelation.play.desk import Desk
from dreamrelation.play.history import History
from dreamrelation.play.making import Made, MadeVideo, Watch
from dreamrelation.play.order import Offer, OfferedMethod, Order
from dreamrelation.video import encode

FIRST = Order(("dog", "cat"), None, ("base", "learned"), 7, 1.0, 4)
OFFER = Offer(
    experiment="puppets",
    relation="hugging",
    sentence="Somebody is hugging somebody",
    model="Model, model/path",
    methods=(
        OfferedMethod("base", "Base model", learns=False, has_strength=False),
        OfferedMethod("learned", "Learned", learns=True, has_strength=True),
        OfferedMethod("late", "Late", True, True, "Not trained yet:", "snakemake results/late"),
    ),
    subjects=("dog", "cat"),
    steps=4,
    first=FIRST,
)
COLOURS = {"base": (200, 60, 40), "learned": (40, 90, 200)}
FRAMES, HEIGHT, WIDTH, RATE = 7, 32, 48, 10
PATIENCE_S = 20.0


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so. Fails where it never is."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.005)


class FakeMaker:
    """Implements `Maker`. With `gated`, each step waits until `let` lets it."""

    def __init__(self, gated: bool = False) -> None:
        self.offer, self.gated = OFFER, gated
        self.made: list[Order] = []
        self.problem: Exception | None = None
        """Raised in the place of the second step."""
        self._steps = threading.Semaphore(0)

    def let(self, steps: int) -> None:
        """Let it make so many more steps."""
        self._steps.release(steps)

    def check(self, order: Order) -> None:
        if order.steps % 2:
            raise UserError(f"sampling_steps is {order.steps}, expected an even number")

    def make(self, order: Order, folder: Path, watch: Watch) -> Made:
        self.made.append(order)
        watch.begin("Opening the model")
        watch.expect(steps=order.steps * len(order.methods), decodings=len(order.methods))
        videos = tuple(self._video(order, method, folder, watch) for method in order.methods)
        return Made(f"A {order.subjects[0]} is hugging a {order.subjects[1]}.", "model/path:1234", videos)

    def _video(self, order: Order, method: str, folder: Path, watch: Watch) -> MadeVideo:
        watch.begin(method, f"step 1 of {order.steps}")
        for step in range(order.steps):
            if self.gated:
                assert self._steps.acquire(timeout=PATIENCE_S)
            if step == 1 and self.problem is not None:
                raise self.problem
            watch.finish("step", method, f"step {step + 2} of {order.steps}")
        watch.finish("decoding", method)
        frames = np.empty((FRAMES, HEIGHT, WIDTH, 3), np.uint8)
        frames[:] = COLOURS[method]
        encode(folder / f"{method}.mp4", frames, RATE)
        Image.fromarray(frames[0]).save(folder / f"{method}.jpg")
        sha256 = file_sha256(folder / f"{method}.mp4")
        return MadeVideo(
            method, method.capitalize(), "text", None, (), f"{method}.mp4", f"{method}.jpg", sha256, FRAMES, HEIGHT,
            WIDTH, RATE, 0.5,
        )  # fmt: skip


def desk_with(maker: FakeMaker, folder: Path) -> Desk:
    return Desk(maker, History(folder / "play"))
