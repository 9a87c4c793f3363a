"""The feature maps stage: query, key and value of the visual tokens, of videos that the base model draws itself."""

import gc
from pathlib import Path

import cv2
import numpy as np
import torch

from dreamrelation.analysis.feature_maps import as_picture, feature_maps
from dreamrelation.analysis.matrices import PROJECTIONS
from dreamrelation.analysis.panels import side_by_side, write_middle
from dreamrelation.backbones.interface import Backbone
from dreamrelation.flow import add_noise
from dreamrelation.progress import Progress
from dreamrelation.randomness import derived_seed
from dreamrelation.sampling.guidance import Guidance
from dreamrelation.sampling.schedules import noise_levels
from dreamrelation.sampling.solver import sample, starting_noise
from dreamrelation.settings.analysis_stages import FeatureMapsStage
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.registry import implementation_of


def run(*, settings: FeatureMapsStage, machine: MachineSettings, figure: Path) -> None:
    """Draw a video of each prompt, put noise on it again, and write the maps beside its middle frame as PNG.

    Raises UserError where the model cannot be opened.
    """
    prompts, sampling, sigma = settings.feature_maps.prompts, settings.sampling, settings.feature_maps.noise_level
    seen_into = machine.model_copy(update={"compile_blocks": False})  # what is compiled shows nothing of its inside
    backbone: Backbone = implementation_of(settings.model)(settings.model, seen_into)
    texts = backbone.text_encoder().embed([sampling.negative_prompt, *prompts])
    gc.collect()  # the text encoder may be larger than the transformer, which comes next
    denoiser, autoencoder = backbone.denoiser(), backbone.autoencoder()
    guidance = Guidance(sampling.guidance_scale, texts.rows(torch.tensor([0])), sampling.embedded_guidance)
    levels = noise_levels(sampling.schedule, sampling.sampling_steps)
    size = settings.size
    grid = settings.model.spec.latent_grid(sampling.pixel_frames, size.height, size.width)
    rows = []
    with Progress("feature maps of prompts", len(prompts)) as counter:
        for number, prompt in enumerate(prompts, 1):
            text = texts.rows(torch.tensor([number]))
            noise = starting_noise([derived_seed(settings.seed, "feature maps", prompt)], (denoiser.channels, *grid))
            clean = sample(denoiser, noise, text, guidance, levels)
            noisy = add_noise(clean, noise.to(clean.device), torch.tensor([sigma], device=clean.device)).noisy
            maps = feature_maps(denoiser, noisy, sigma, text)
            frame = autoencoder.decode(clean)[0, sampling.pixel_frames // 2]
            rows.append([frame, *(_enlarged(as_picture(maps[name]), frame) for name in PROJECTIONS)])
            counter.advance()
    write_middle(figure, side_by_side([[picture[None] for picture in row] for row in rows], ["video", *PROJECTIONS]))


def _enlarged(picture: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """A picture at the size of a frame, its cells as they are."""
    return cv2.resize(picture, frame.shape[1::-1], interpolation=cv2.INTER_NEAREST)
