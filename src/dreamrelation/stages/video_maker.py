"""Makes the videos that are asked for on the page, with one open model that the methods take in turn."""

import gc
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from dreamrelation.backbones.opened_once import OpenedOnce
from dreamrelation.errors import UserError
from dreamrelation.files import file_sha256
from dreamrelation.methods.interface import Method, OpenModel
from dreamrelation.methods.lent import lent
from dreamrelation.play.making import Made, MadeVideo, Watch
from dreamrelation.play.order import Offer, Order
from dreamrelation.sampling.prompts import Request
from dreamrelation.sampling.watched import WatchedDenoiser
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.methods import MethodSettings
from dreamrelation.settings.prompts import Prompt
from dreamrelation.settings.registry import implementation_of
from dreamrelation.settings.stages import Chosen, GenerateStage
from dreamrelation.stages.generate import generate, video_grid
from dreamrelation.stages.outcome import OUT_OF_MEMORY, is_out_of_memory
from dreamrelation.stages.what_is_trained import Learned
from dreamrelation.texts.live import LiveTexts
from dreamrelation.video import encode

STRENGTH = "inference_scale"
"""The setting of those methods that can be applied more or less strongly."""
QUALITY = 90
"""Of stills, as JPEG."""


@dataclass(frozen=True)
class _Job:
    """One method's video of an order."""

    method: Learned
    settings: GenerateStage
    request: Request
    folder: Path
    watch: Watch


class VideoMaker:
    """Implements `play.making.Maker`. The model is opened for the first order, and once."""

    def __init__(
        self, experiment: ExperimentSettings, machine: MachineSettings, methods: list[Learned], offer: Offer
    ) -> None:
        self.experiment, self.machine, self.offer = experiment, machine, offer
        self.methods = {method.name: method for method in methods}
        self.parts = OpenedOnce(implementation_of(experiment.model)(experiment.model, machine))
        self.texts = LiveTexts(self.parts.text_encoder)

    def check(self, order: Order) -> None:
        generation = self.experiment.generation.model_copy(update={"sampling_steps": order.steps})
        generation.resolved(self.experiment.model.spec)

    def make(self, order: Order, folder: Path, watch: Watch) -> Made:
        try:
            return self._make(order, folder, watch)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            problem = OUT_OF_MEMORY.format(problem=error)
        finally:
            self.parts.rest()
        self._tidy()  # after the exception is gone, which holds what was computed
        raise UserError(" ".join(problem.split()))

    def _make(self, order: Order, folder: Path, watch: Watch) -> Made:
        chosen = [self.methods[name] for name in order.methods]
        watch.begin("Opening the model")
        denoiser = self.parts.denoiser()
        self.parts.autoencoder()
        watch.begin("Reading the texts")
        prompt = Prompt(subjects=order.subjects, place=order.place)
        slices = [self._slice(method, order, prompt) for method in chosen]
        text = prompt.text(slices[0].relation)
        self.texts.look_up([text, slices[0].sampling.negative_prompt])
        self.parts.rest()
        watch.expect(steps=len(chosen) * order.steps, decodings=len(chosen))
        videos = []
        for method, settings in zip(chosen, slices, strict=True):
            job = _Job(method, settings, Request(method.name, prompt, 0, order.seed), folder, watch)
            videos.append(self._video(job))
            self.parts.rest()
        return Made(text, f"{self.experiment.model.path}:{denoiser.fingerprint}", tuple(videos))

    def _slice(self, method: Learned, order: Order, prompt: Prompt) -> GenerateStage:
        """What the generate stage is given, with what the order wants otherwise."""
        settings = GenerateStage.of(self.experiment, Chosen(method.name, relation=self.offer.relation))
        sampling = settings.sampling.model_copy(update={"sampling_steps": order.steps})
        applied = applied_as(method.settings, order.strength)
        return settings.model_copy(update={"method": applied, "sampling": sampling, "prompts": (prompt,)})

    def _video(self, job: _Job) -> MadeVideo:
        started, label, steps = time.monotonic(), job.method.label, job.settings.sampling.sampling_steps
        job.watch.begin(label)
        model, done = OpenModel(self.parts, self.texts), iter(range(1, steps + 1))

        def answered() -> None:
            step = next(done)
            job.watch.finish("step", label, f"step {step + 1} of {steps}" if step < steps else "decoding")

        with lent(model.denoiser.module):
            learner: Method = implementation_of(job.settings.method)(job.settings.method)
            used = learner.load(model, video_grid(job.settings), job.method.adapters or Path())
            model.denoiser = WatchedDenoiser(model.denoiser, answered)
            job.watch.begin(label, f"step 1 of {steps}")
            made = generate(job.settings, self.machine, model, learner, self.parts.autoencoder(), [job.request])
            (video,) = made
        job.watch.finish("decoding", label, "writing")
        name, rate = job.method.name, job.settings.sampling.frames_per_second
        file, still = job.folder / f"{name}.mp4", job.folder / f"{name}.jpg"
        encode(file, video.frames, rate)
        Image.fromarray(video.frames[len(video.frames) // 2]).save(still, quality=QUALITY)
        frames, height, width = video.frames.shape[:3]
        return MadeVideo(
            method=name,
            label=label,
            text=video.text,
            scale=getattr(job.settings.method, STRENGTH, None),
            adapters=tuple(f"{path.stem}:{job.method.digests[path.name]}" for path in used),
            file=file.name,
            still=still.name,
            sha256=file_sha256(file),
            pixel_frames=frames,
            height=height,
            width=width,
            frames_per_second=rate,
            seconds=time.monotonic() - started,
        )

    def _tidy(self) -> None:
        """Give back what a request that failed has left."""
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def applied_as(settings: MethodSettings, strength: float) -> MethodSettings:
    """A method that is applied so many times as strongly as the experiment says, where it can be."""
    scale: Any = getattr(settings, STRENGTH, None)
    return settings if scale is None else settings.model_copy(update={STRENGTH: scale * strength})
