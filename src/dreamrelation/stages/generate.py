"""The generate stage: one method's videos of a relation, and `videos.parquet`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dreamrelation.backbones.interface import Autoencoder
from dreamrelation.errors import UserError
from dreamrelation.files import file_sha256
from dreamrelation.methods.files import check_manifest
from dreamrelation.methods.interface import Method, OpenModel
from dreamrelation.progress import Progress
from dreamrelation.sampling.guidance import Guidance
from dreamrelation.sampling.prompts import Request, requests
from dreamrelation.sampling.schedules import noise_levels
from dreamrelation.sampling.solver import sample, starting_noise
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.registry import implementation_of
from dreamrelation.settings.stages import GenerateStage
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


def run(
    *,
    settings: GenerateStage,
    machine: MachineSettings,
    relation: str,
    method: str,
    texts: Path,
    videos: Path,
    manifest: Path,
    adapters: Path | None = None,
    adapters_manifest: Path | None = None,
) -> None:
    """Generate all videos of one relation with one method into the folder `videos`.

    Raises UserError where a method that was trained comes without its adapters, or they are not what it saved.
    """
    digests = checked_adapters(settings, method, adapters, adapters_manifest)
    backbone = implementation_of(settings.model)(settings.model, machine)
    model = OpenModel(backbone, TextCache(texts, backbone.fingerprint("text_encoder")))
    loaded_method: Method = implementation_of(settings.method)(settings.method)
    used = loaded_method.load(model, video_grid(settings), adapters or Path())
    unlisted = [path.name for path in used if path.name not in digests]
    if unlisted:
        raise UserError(f"{adapters_manifest}: does not list {unlisted[0]}; remove it and run the training again")
    loaded = tuple(f"{path.stem}:{digests[path.name]}" for path in used)
    wanted = requests(settings.sampling, settings.relation(relation), settings.seed)
    rows = []
    with Progress(f"{method}'s videos of {relation}", len(wanted)) as counter:
        for video in generate(settings, machine, model, loaded_method, backbone.autoencoder(), wanted):
            rows.append(write_video(settings, video, method, videos, model.denoiser.fingerprint, loaded))
            counter.advance()
    VIDEOS.write(manifest, rows)


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
    guidance = Guidance(sampling.guidance_scale, method.condition([sampling.negative_prompt]))
    grid = video_grid(settings)
    for start in range(0, len(wanted), machine.generation_batch):
        batch = wanted[start : start + machine.generation_batch]
        noise = starting_noise([request.seed for request in batch], (denoiser.channels, *grid))
        texts = [method.prompt(settings.relation(request.relation), request.subjects) for request in batch]
        latents = sample(denoiser, noise, method.condition(texts), guidance, sigmas)
        for request, text, latent in zip(batch, texts, latents, strict=True):
            yield Video(request, text, autoencoder.decode(latent[None])[0])


def write_video(
    settings: GenerateStage, video: Video, method: str, folder: Path, denoiser: str, loaded: tuple[str, ...]
) -> GeneratedVideo:
    """Write one video and give its row; `denoiser` is the fingerprint, `loaded` names the method's files."""
    sampling, request = settings.sampling, video.request
    path = folder / f"{request.name}.mp4"
    encode(path, video.frames, sampling.frames_per_second)
    frames, height, width = video.frames.shape[:3]
    return GeneratedVideo(
        video=request.name,
        file=f"{folder.name}/{path.name}",
        relation=request.relation,
        method=method,
        prompt=request.prompt,
        text=video.text,
        subject1=request.subjects[0],
        subject2=request.subjects[1],
        repeat=request.repeat,
        seed=request.seed,
        pixel_frames=frames,
        height=height,
        width=width,
        frames_per_second=sampling.frames_per_second,
        sampling_steps=sampling.sampling_steps,
        guidance_scale=sampling.guidance_scale,
        model=f"{settings.model.path}:{denoiser}",
        adapters=loaded,
        sha256=file_sha256(path),
    )
