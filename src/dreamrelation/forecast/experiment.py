"""An experiment's costs: what each stage does, how often, and what that comes to on a card."""

from dataclasses import replace

from dreamrelation.forecast.cards import Card
from dreamrelation.forecast.counting import Counter, NotCountedError
from dreamrelation.forecast.modes import (
    CHECKPOINTING,
    TRAINED_BYTES,
    UPLOAD,
    fits,
    memory_of,
    modes_of,
    seconds_of,
    streamed,
    with_tokens_divided,
)
from dreamrelation.forecast.work import Forecast, Trial, Work, taken
from dreamrelation.methods.interface import TrainedMethod
from dreamrelation.progress import Progress
from dreamrelation.roles import ROLES
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.settings.methods import MethodSettings, TrainedMethodSettings
from dreamrelation.settings.registry import implementation_of

LATENT_BYTES = 2
"""Of a number in `latents.parquet`, before compression."""
BITS_PER_PIXEL = 0.1
"""Of a video in H.264, about."""


class Forecaster:
    """Forecasts one experiment on one card, of whose rate a share is reached."""

    def __init__(self, experiment: ExperimentSettings, counter: Counter, card: Card, share: float) -> None:
        self.experiment, self.counter, self.card, self.share = experiment, counter, card, share
        self.rate = card.rate * 1e12 * share
        self.cards = experiment.machine.training_processes  # of one training
        self.tokens_divided = experiment.machine.split_videos and self.cards > 1
        clips, spec = experiment.clips, experiment.model.spec
        self.sampling = experiment.generation.resolved(spec)
        self.training_grid = spec.latent_grid(clips.pixel_frames[0], clips.height, clips.width)
        names = map(experiment.generation.video_names, experiment.relations)
        self.videos = sum(map(len, names))  # of one method
        self.video_grid = spec.latent_grid(self.sampling.pixel_frames, clips.height, clips.width)

    def forecast(self) -> Forecast:
        """Count all that can be counted."""
        works = [self.latents()]
        trials: dict[str, list[Trial]] = {}
        not_counted: dict[str, str] = {}
        trained: dict[str, int] = {}
        with Progress("counting methods", len(self.experiment.methods)) as counter:
            for name, method in self.experiment.methods.items():
                try:
                    if isinstance(method, TrainedMethodSettings) and name in self.experiment.trained_methods:
                        trials[name], trained[name] = self.ways_to_train(method)
                        works.append(self.training(name, method, trials[name]))
                    works.append(self.generation(name, method))
                except NotCountedError as error:
                    not_counted[name] = str(error)
                counter.advance()
        return Forecast(self.card, self.share, works, trials, self.disk(trained), not_counted)

    def latents(self) -> Work:
        clips = self.experiment.clips
        cost = self.counter.encoding(clips.pixel_frames[0], clips.height, clips.width)
        count = len(self.experiment.relations) * (clips.per_relation + clips.held_out)
        return self._work("latents", "", "clip", count, cost.flops, cost.flops / self.rate, cost.peak_bytes)

    def ways_to_train(self, settings: TrainedMethodSettings) -> tuple[list[Trial], int]:
        """Each way, and how many numbers are trained. Raises NotCountedError where so many cards cannot train it."""
        clips, cards = self.clips_of_each_card(settings), self.cards
        method: TrainedMethod = implementation_of(settings)(settings)
        roles = method.roles or (None,)
        steps = {
            every: {
                role: self.counter.training(settings, role, self.training_grid, clips, every)
                for role in dict.fromkeys(roles)
            }
            for every in CHECKPOINTING
        }
        weights, trials = self.counter.weights, []
        for mode in modes_of(self.experiment.model.precision.denoiser or "bfloat16", cards):
            drawn = [steps[mode.every][role] for role in roles]
            if self.tokens_divided:
                again = [steps[0][role].cost.attention for role in roles]
                drawn = [with_tokens_divided(*each, weights, cards) for each in zip(drawn, again, strict=True)]
            memory = max(memory_of(mode, step, weights, settings.optimizer) for step in drawn)
            link = self.card.link * 1e9
            seconds = sum(seconds_of(mode, step, weights, self.rate, link) for step in drawn) / len(drawn)
            flops = cards * sum(step.cost.flops for step in drawn) // len(drawn)
            times, room = settings.accumulation, fits(memory, self.card.memory)
            trials.append(Trial(mode, times * flops, times * seconds, memory, room, cards))
        return trials, steps[0][roles[0]].trained

    def clips_of_each_card(self, settings: TrainedMethodSettings) -> int:
        """Its share of a batch, or all of it where tokens are divided.

        Raises NotCountedError where the training would refuse so many cards.
        """
        spec, batch = self.experiment.model.spec, settings.batch_size
        if self.cards > 1 and spec.experts:
            raise NotCountedError(f"{spec.title} is trained by one process, found {self.cards}")
        if self.tokens_divided:
            if not spec.splits_tokens:
                raise NotCountedError(f"machine.split_videos: {spec.title} cannot be divided among processes")
            return batch
        if batch % self.cards:
            raise NotCountedError(f"{self.cards} processes cannot share a batch of {batch} evenly")
        return batch // self.cards

    def training(self, name: str, settings: TrainedMethodSettings, trials: list[Trial]) -> Work:
        """With the first way that fits, or else the one that takes the least memory."""
        way = taken(trials) or min(trials, key=lambda trial: trial.memory)
        steps = len(self.experiment.relations) * settings.steps
        work = self._work("train", name, "step", steps, way.flops, way.seconds, way.memory, way.mode.settings)
        return replace(work, cards=way.cards)

    def generation(self, name: str, method: MethodSettings) -> Work:
        sampling, batch = self.sampling, self.experiment.machine.generation_batch
        guided = 1 if sampling.guidance_scale == 1 else 2
        answer = self.counter.velocity(method, self.video_grid, guided * batch)
        decoding = self.counter.decoding(self.video_grid)
        flops = sampling.sampling_steps * answer.flops // batch + decoding.flops
        videos = self.videos
        weights = self.counter.weights
        memory = max(answer.peak_bytes, decoding.peak_bytes + weights.all)
        seconds, way = flops / self.rate, ""
        if not fits(memory, self.card.memory):
            memory += streamed(weights)
            seconds = max(seconds, sampling.sampling_steps / batch * weights.blocks / UPLOAD)
            way = "stream_weights: true"
        return self._work("generate", name, "video", videos, flops, seconds, memory, way)

    def disk(self, trained: dict[str, int]) -> dict[str, int]:
        """Bytes by what they are of; `trained`: method → numbers that it trains."""
        experiment, sampling = self.experiment, self.sampling
        relations, clips = len(experiment.relations), experiment.clips
        f, h, w = self.training_grid
        per_cell = 2 * self.counter.channels + len(ROLES)
        videos = len(experiment.methods) * self.videos
        pixels = sampling.pixel_frames * clips.height * clips.width
        numbers = sum(trained.values())
        return {
            "latents": relations * (clips.per_relation + clips.held_out) * per_cell * f * h * w * LATENT_BYTES,
            "adapters": relations * numbers * TRAINED_BYTES,
            "state of the largest unfinished training": 3 * max(trained.values(), default=0) * TRAINED_BYTES,
            "videos, about": round(videos * pixels * BITS_PER_PIXEL / 8),
        }

    def _work(
        self, stage: str, method: str, piece: str, pieces: int, flops: int, seconds: float, memory: int, way: str = ""
    ) -> Work:
        return Work(stage, method, piece, pieces, flops, seconds, memory, fits(memory, self.card.memory), way)
