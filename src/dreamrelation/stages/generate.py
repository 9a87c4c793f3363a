"""The generate stage: one method's videos of a relation, and `videos.parquet`."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dreamrelation.backbones.context_parallelism import check_tokens
from dreamrelation.backbones.interface import Autoencoder
from dreamrelation.code_digest import stage_digest
from dreamrelation.errors import Unfinished, UserError
from dreamrelation.files import check_own_folder, file_sha256, fingerprint
from dreamrelation.methods.files import check_manifest
from dreamrelation.methods.interface import Method, OpenModel
from dreamrelation.processes import is_main_process, process_count, process_number, wait_for_all
from dreamrelation.progress import Progress
from dreamrelation.sampling.finished_videos import finished_videos
from dreamrelation.sampling.guidance import Guidance
from dreamrelation.sampling.prompts import Request, requests
from dreamrelation.sampling.schedules import noise_levels
from dreamrelation.sampling.solver import sample, starting_noise
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.registry import implementation_of
from dreamrelation.settings.stages import GenerateStage
from dreamrelation.stages.time_limit import check_minutes
from dreamrelation.tables.rows import VIDEOS, GeneratedVideo
from dreamrelation.texts.cache import TextCache
from dreamrelation.video import encode


@dataclass(frozen=True)
class Video:
    """A generated video that is not yet written."""

    request: Request
    text: str
    """What the model was given."""
    frames: np.ndarray
    """(F, H, W, 3) uint8 RGB."""


@dataclass(frozen=True)
class Maker:
    """What all videos of a job have in common."""

    settings: GenerateStage
    method: str
    folder: str
    """Of the videos, beside their table."""
    denoiser: str
    """Its fingerprint."""
    loaded: tuple[str, ...]
    """The method's files, each with its SHA-256."""

    def row(self, video: Video, path: Path) -> GeneratedVideo:
        """All that made a video, whose file is now at `path`."""
        sampling, request = self.settings.sampling, video.request
        frames, height, width = video.frames.shape[:3]
        return GeneratedVideo(
            video=request.name,
            file=f"{self.folder}/{path.name}",
            relation=self.settings.relation.slug,
            method=self.method,
            prompt=request.prompt.text(self.settings.relation),
            text=video.text,
            subject1=request.prompt.subjects[0],
            subject2=request.prompt.subjects[1],
            repeat=request.repeat,
            seed=request.seed,
            pixel_frames=frames,
            height=height,
            width=width,
            frames_per_second=sampling.frames_per_second,
            sampling_steps=sampling.sampling_steps,
            guidance_scale=sampling.guidance_scale,
            embedded_guidance=sampling.embedded_guidance,
            model=f"{self.settings.model.path}:{self.denoiser}",
            adapters=self.loaded,
            sha256=file_sha256(path),
        )


def run(
    *,
    settings: GenerateStage,
    machine: MachineSettings,
    relation: str,
    method: str,
    prompts: Path,
    videos: Path,
    manifest: Path,
    unfinished: Path,
    adapters: Path | None = None,
    adapters_manifest: Path | None = None,
    minutes: float | None = None,
) -> None:
    """Generate all videos of one relation with one method into the folder `videos`.

    Each is kept in the folder `unfinished` until all are there, so that a stopped job goes on with those that are
    missing; of several processes of a job each makes its share. Raises UserError where a method that was trained comes
    without its adapters, or they are not what it saved, Unfinished past `minutes`.
    """
    check_minutes(minutes)
    check_own_folder(videos, ("*.mp4",))
    started = time.monotonic()
    digests = checked_adapters(settings, method, adapters, adapters_manifest)
    # Processes make videos of their own here, so they could not put blocks together for each other.
    machine = machine.model_copy(update={"shard_weights": False})
    backbone = implementation_of(settings.model)(settings.model, machine)
    model = OpenModel(backbone, TextCache(prompts, backbone.fingerprint("text_encoder")))
    loaded_method: Method = implementation_of(settings.method)(settings.method)
    used = loaded_method.load(model, video_grid(settings), adapters or Path())
    unlisted = [path.name for path in used if path.name not in digests]
    if unlisted:
        raise UserError(f"{adapters_manifest}: does not list {unlisted[0]}; remove it and run the training again")
    loaded = tuple(f"{path.stem}:{digests[path.name]}" for path in used)
    wanted = requests(settings.prompts, settings.videos_per_prompt, settings.relation, settings.seed)
    depends_on = fingerprint(
        code=stage_digest("generate", settings),
        settings=settings.model_dump(mode="json"),
        denoiser=model.denoiser.fingerprint,
        autoencoder=backbone.fingerprint("autoencoder"),
        prompts=file_sha256(prompts),
        adapters=loaded,
    )
    together = machine.split_videos and process_count() > 1
    if together:
        check_tokens(settings.model.spec, video_grid(settings))
    own = wanted if together else wanted[process_number() :: process_count()]
    maker = Maker(settings, method, videos.name, model.denoiser.fingerprint, loaded)
    with finished_videos(unfinished, depends_on) as finished:
        missing = [request for request in own if request.name not in finished.rows]
        if together:
            wait_for_all()  # before the first of them finishes a video
        with Progress(f"{method}'s videos of {relation}", len(own), done=len(own) - len(missing)) as counter:
            for video in generate(settings, machine, model, loaded_method, backbone.autoencoder(), missing):
                if together and not is_main_process():
                    continue
                path = finished.path(video.request.name)
                encode(path, video.frames, settings.sampling.frames_per_second)
                finished.keep(maker.row(video, path))
                counter.advance()
                out_of_time = minutes is not None and time.monotonic() - started > 60 * minutes
                if out_of_time and counter.done < counter.total:
                    raise Unfinished(
                        f"{minutes:g} minutes are over with {counter.done} of {counter.total} videos, which are kept;"
                        " run again to go on"
                    )
        if is_main_process():
            names = [request.name for request in wanted]
            finished.wait_for(names)
            VIDEOS.write(manifest, finished.deliver(names, videos))


def checked_adapters(
    settings: GenerateStage, method: str, adapters: Path | None, manifest: Path | None
) -> dict[str, str]:
    """File name → SHA-256 of what the method saved; empty for a method that trains nothing."""
    if not settings.method.trains:
        if adapters is not None:
            raise UserError(f"{adapters}: adapters were given for {method!r}, which trains nothing")
        return {}
    if adapters is None or manifest is None:
        raise UserError(f"{method!r} is trained, expected --adapters with its folder and --adapters-manifest")
    return check_manifest(manifest, adapters)


def video_grid(settings: GenerateStage) -> tuple[int, int, int]:
    """(f, h, w) of the latents of a video."""
    size = settings.size
    return settings.model.spec.latent_grid(settings.sampling.pixel_frames, size.height, size.width)


def generate(
    settings: GenerateStage,
    machine: MachineSettings,
    model: OpenModel,
    method: Method,
    autoencoder: Autoencoder,
    wanted: list[Request],
) -> Iterator[Video]:
    """Each request's video; the denoiser runs in batches, the decoder video by video."""
    sampling, denoiser = settings.sampling, model.denoiser
    sigmas = noise_levels(sampling.schedule, sampling.sampling_steps)
    negative = method.condition([sampling.negative_prompt])
    guidance = Guidance(sampling.guidance_scale, negative, sampling.embedded_guidance)
    grid = video_grid(settings)
    for start in range(0, len(wanted), machine.generation_batch):
        batch = wanted[start : start + machine.generation_batch]
        noise = starting_noise([request.seed for request in batch], (denoiser.channels, *grid))
        texts = [method.text(settings.relation, request.prompt) for request in batch]
        latents = sample(denoiser, noise, method.condition(texts), guidance, sigmas)
        for request, text, latent in zip(batch, texts, latents, strict=True):
            yield Video(request, text, autoencoder.decode(latent[None])[0])
