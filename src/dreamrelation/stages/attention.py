"""The attention stage: where a relation's words look on real clips, in the base model and with what a method learned.

Both models see the same noisy latents, so that what differs is what was learned.
"""

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from dreamrelation.analysis.panels import side_by_side, with_heat, write_middle
from dreamrelation.analysis.word_attention import word_attention
from dreamrelation.backbones.interface import Backbone
from dreamrelation.errors import UserError
from dreamrelation.flow import add_noise
from dreamrelation.latents.cache import CachedClips, NoClipsError, latents_fingerprint, load_clips
from dreamrelation.methods.files import check_manifest
from dreamrelation.methods.interface import OpenModel, TrainedMethod
from dreamrelation.metrics.intervals import bootstrap
from dreamrelation.paper import method_label
from dreamrelation.progress import Progress
from dreamrelation.randomness import generator_for
from dreamrelation.settings.analysis_stages import AttentionStage
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.methods import TrainedMethodSettings
from dreamrelation.settings.registry import implementation_of
from dreamrelation.tables.csv_files import write_csv_rows
from dreamrelation.tables.rows import HELD_OUT
from dreamrelation.texts.cache import TextCache
from dreamrelation.video import encode

COLUMNS = ("model", "clip", "inside", "area", "low", "high")
BASE, DIFFERENCE, MEAN = "base", "difference", "mean"
BRIGHTEST = 0.995
"""Share of the tokens, of both models together, that are not brighter than the brightest colour."""


@dataclass(frozen=True)
class Look:
    """Attention of one model on one clip."""

    heat: Tensor
    """(f, h', w') float64, of sum 1."""
    inside: float
    """Share of it within the mask of both subjects together."""


def run(
    *,
    settings: AttentionStage,
    machine: MachineSettings,
    relation: str,
    method: str,
    latents: Path,
    captions: Path,
    adapters: Path,
    adapters_manifest: Path,
    table: Path,
    figure: Path,
    video: Path,
) -> None:
    """Write the shares of attention inside the masks, and pictures of it.

    Raises UserError where a caption does not have the relation's words, or an input is missing or does not fit.
    """
    if not isinstance(settings.method, TrainedMethodSettings):
        raise UserError(f"method {method!r} is of the kind {settings.method.kind!r}: it learned nothing to look at")
    check_manifest(adapters_manifest, adapters)
    # What is compiled shows nothing of its inside, nor do kernels that are not torch's.
    seen_into = machine.model_copy(update={"compile_blocks": False, "attention": "sdpa"})
    backbone: Backbone = implementation_of(settings.model)(settings.model, seen_into)
    clips = _clips(settings, latents, latents_fingerprint(settings.latents, backbone.fingerprint("autoencoder")))
    places = _places(backbone, clips, settings)
    gc.collect()  # the text encoder may be larger than the transformer, which comes next
    model = OpenModel(backbone, TextCache(captions, backbone.fingerprint("text_encoder")))
    learner: TrainedMethod = implementation_of(settings.method)(settings.method)
    looks: dict[str, list[Look]] = {}
    with Progress(f"attention on {relation}, base and {method}", 2 * len(clips)) as counter:
        for name in (BASE, method):
            if name == method:
                learner.load(model, clips.grid, adapters)
            looks[name] = []
            for look in _looks(settings, model, clips, places):
                looks[name].append(look)
                counter.advance()
    areas = [float(mask.mean()) for mask in _token_masks(clips, settings.model.spec.patch)]
    write_csv_rows(table, COLUMNS, _rows(settings, clips.clips, looks, areas))
    frames = _drawn(settings, backbone, clips, looks)
    encode(video, frames, settings.frames_per_second)
    write_middle(figure, frames)


def _clips(settings: AttentionStage, latents: Path, made_with: str) -> CachedClips:
    """Held-out clips, or where there are none those that are learnt from; as many as the settings say."""
    try:
        clips = load_clips(latents, made_with, split=HELD_OUT)
    except NoClipsError:
        clips = load_clips(latents, made_with)
    return clips.first(settings.attention.clips)


def _places(backbone: Backbone, clips: CachedClips, settings: AttentionStage) -> dict[str, list[int]]:
    """Caption → the numbers of its tokens that are the relation's words."""
    encoder, captions = backbone.text_encoder(), dict.fromkeys(clips.captions)
    try:
        return {text: [n for words in settings.words for n in encoder.places(text, words)] for text in captions}
    except UserError as error:
        raise UserError(f"{error}; analysis.attention.words says what {settings.relation.slug} is there") from None


def _looks(
    settings: AttentionStage, model: OpenModel, clips: CachedClips, places: dict[str, list[int]]
) -> Iterator[Look]:
    denoiser, sigma = model.denoiser, settings.attention.noise_level
    masks = _token_masks(clips, denoiser.spec.patch)
    for row, (clip, caption) in enumerate(zip(clips.clips, clips.captions, strict=True)):
        clean = denoiser.normalise(clips.mean[[row]])
        noise = torch.randn(clean.shape, generator=generator_for(settings.seed, "attention", clip))
        noisy = add_noise(clean, noise, torch.tensor([sigma])).noisy
        texts = model.texts.look_up([caption])
        heat = word_attention(denoiser, noisy.to(denoiser.device), sigma, texts, places[caption])
        heat = heat / heat.sum()
        yield Look(heat, float((heat * masks[row]).sum()))


def _token_masks(clips: CachedClips, patch: int) -> Tensor:
    """(N, f, h', w') float64 shares of both subjects' mask in each token."""
    return avg_pool2d(clips.masks["relation"].double(), patch)


def _rows(
    settings: AttentionStage, names: list[str], looks: dict[str, list[Look]], areas: list[float]
) -> Iterator[tuple[object, ...]]:
    """Means with their intervals first, then each clip."""
    inside = {model: np.array([look.inside for look in some]) for model, some in looks.items()}
    base, learned = inside.values()
    for model, values in {**inside, DIFFERENCE: learned - base}.items():
        found = bootstrap(
            values, settings.intervals.confidence, settings.intervals.bootstrap_samples, settings.seed, model
        )
        area = None if model == DIFFERENCE else round(float(np.mean(areas)), 4)
        yield model, MEAN, round(found.mean, 4), area, round(found.low, 4), round(found.high, 4)
    for model, some in looks.items():
        for clip, look, area in zip(names, some, areas, strict=True):
            yield model, clip, round(look.inside, 4), round(area, 4), None, None


def _drawn(
    settings: AttentionStage, backbone: Backbone, clips: CachedClips, looks: dict[str, list[Look]]
) -> np.ndarray:
    """(F, H, W, 3) uint8: a row for each clip that is shown, itself and the attention of either model."""
    spec, shown = settings.model.spec, range(min(settings.attention.shown, len(clips)))
    autoencoder = backbone.autoencoder()
    brightest = {row: _brightest([some[row].heat for some in looks.values()]) for row in shown}
    rows = []
    for row in shown:
        frames = autoencoder.decode(autoencoder.normalise(clips.mean[[row]]))[0]
        covering = [latent for latent in range(clips.grid[0]) for _ in spec.covered_frames(latent)]
        heats = [some[row].heat[covering].numpy() for some in looks.values()]
        rows.append([frames, *(with_heat(frames, heat, brightest[row]) for heat in heats)])
    return side_by_side(rows, ["clip", *map(method_label, looks)])


def _brightest(heats: list[Tensor]) -> float:
    return float(torch.stack(heats).flatten().quantile(BRIGHTEST))
