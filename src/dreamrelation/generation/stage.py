"""The generate stage: adapters and prompts → films and `videos.parquet`."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from dreamrelation import tables
from dreamrelation.adapters.activation import activate
from dreamrelation.adapters.placement import AdapterShape, place
from dreamrelation.adapters.storage import file_of, load_adapter
from dreamrelation.backbones.interface import Denoiser
from dreamrelation.backbones.opening import open_autoencoder, open_denoiser
from dreamrelation.backbones.weights import text_fingerprint
from dreamrelation.captions.reading import EmbeddedCaptions
from dreamrelation.captions.stage import NO_CAPTION
from dreamrelation.files import appearing
from dreamrelation.generation.prompts import Request, requests
from dreamrelation.generation.sampling import Guidance, sample, starting_noise
from dreamrelation.geometry import latent_grid
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.settings.training import TrainingSettings
from dreamrelation.video import encode


def adapted_denoiser(settings: ExperimentSettings, method: TrainingSettings, adapters: Path | None) -> Denoiser:
    """The transformer with the method's inference adapters loaded and active, all frozen.

    Raises ValueError where a method with adapters comes without their folder, or the other way round.
    """
    denoiser = open_denoiser(settings.model)
    if not method.trains:
        if adapters is not None:
            raise ValueError(f"{adapters}: adapters were given for a method that has none")
        return denoiser
    if adapters is None:
        raise ValueError("this method has adapters, expected --adapters with their folder")
    placement = {name: method.placement[name] for name in method.inference_adapters}
    place(denoiser, placement, AdapterShape(method.rank, method.alpha), settings.seed)
    for adapter in placement:
        load_adapter(denoiser.module, adapter, adapters)
    denoiser.module.to(denoiser.device)
    activate(denoiser.module, tuple(placement))
    denoiser.module.requires_grad_(False)
    return denoiser


def generate(
    settings: ExperimentSettings, denoiser: Denoiser, captions: EmbeddedCaptions, wanted: list[Request]
) -> Iterator[tuple[Request, np.ndarray]]:
    """Each request with its film (F, H, W, 3) uint8; the transformer runs in batches, the decoder film by film."""
    generation = settings.generation
    autoencoder = open_autoencoder(settings.model)
    grid = latent_grid(generation.pixel_frames, settings.clips.height, settings.clips.width)
    sigmas = denoiser.sampling_sigmas(generation.sampling_steps, generation.linear_threshold)
    guidance = Guidance(generation.guidance_scale, captions.look_up([NO_CAPTION]))
    for start in tqdm(range(0, len(wanted), generation.batch_size), desc="generate", file=sys.stderr):
        batch = wanted[start : start + generation.batch_size]
        noise = starting_noise([request.seed for request in batch], (denoiser.channels, *grid))
        embedded = captions.look_up([request.prompt for request in batch])
        latents = sample(denoiser, noise, embedded, guidance, sigmas)
        for request, latent in zip(batch, latents, strict=True):
            yield request, autoencoder.decode(latent[None])[0]


def run(
    settings: ExperimentSettings,
    relation: str,
    method_name: str,
    captions: Path,
    adapters: Path | None,
    videos: Path,
    manifest: Path,
) -> None:
    """Generate all films of one relation with one method."""
    method = settings.method(method_name)
    denoiser = adapted_denoiser(settings, method, adapters)
    digests: list[str] = []
    if adapters is not None:
        digests = [f"{name}:{tables.file_sha256(file_of(adapters, name))}" for name in method.inference_adapters]
    embedded = EmbeddedCaptions(captions, text_fingerprint(settings.model))
    rows = []
    with appearing(videos) as folder:
        folder.mkdir()
        for request, frames in generate(settings, denoiser, embedded, requests(settings, relation)):
            film = folder / f"{request.name}.mp4"
            encode(film, frames, settings.generation.frames_per_second)
            rows.append(_row(settings, request, method_name, film, frames, digests, denoiser.fingerprint, videos.name))
    tables.write(manifest, tables.VIDEOS, rows)


def _row(
    settings: ExperimentSettings,
    request: Request,
    method_name: str,
    film: Path,
    frames: np.ndarray,
    adapters: list[str],
    model_fingerprint: str,
    folder_name: str,
) -> dict:
    """A row of tables.VIDEOS."""
    generation = settings.generation
    return {
        "video": request.name,
        "file": f"{folder_name}/{film.name}",
        "relation": request.relation,
        "method": method_name,
        "prompt": request.prompt,
        "subject1": request.subjects[0],
        "subject2": request.subjects[1],
        "repeat": request.repeat,
        "seed": request.seed,
        "pixel_frames": frames.shape[0],
        "height": frames.shape[1],
        "width": frames.shape[2],
        "frames_per_second": generation.frames_per_second,
        "sampling_steps": generation.sampling_steps,
        "guidance_scale": generation.guidance_scale,
        "model": f"{settings.model.path}:{model_fingerprint}",
        "adapters": adapters,
        "sha256": tables.file_sha256(film),
    }
