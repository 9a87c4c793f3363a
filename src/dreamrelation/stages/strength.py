"""The strength stage: the same videos with what was learned applied more and more strongly, side by side."""

from pathlib import Path

from dreamrelation.analysis.panels import side_by_side, write_middle
from dreamrelation.methods.files import check_manifest
from dreamrelation.methods.interface import Method, OpenModel
from dreamrelation.progress import Progress
from dreamrelation.sampling.prompts import requests
from dreamrelation.settings.analysis_stages import StrengthStage
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.registry import implementation_of
from dreamrelation.stages.generate import generate, video_grid
from dreamrelation.texts.cache import TextCache
from dreamrelation.video import encode


def run(
    *,
    settings: StrengthStage,
    machine: MachineSettings,
    relation: str,
    method: str,
    prompts: Path,
    adapters: Path,
    adapters_manifest: Path,
    figure: Path,
    video: Path,
) -> None:
    """Write a video with a column for each scale and a row for each prompt, and its middle frame.

    The model is opened anew for each scale. Raises UserError where an input is missing or does not fit.
    """
    check_manifest(adapters_manifest, adapters)
    backbone = implementation_of(settings.model)(settings.model, machine)
    autoencoder, texts = backbone.autoencoder(), TextCache(prompts, backbone.fingerprint("text_encoder"))
    wanted = requests(settings.prompts, 1, settings.relation, settings.seed)
    columns = []
    with Progress(f"strengths of {method} on {relation}", len(settings.scales)) as counter:
        for scale in settings.scales:
            scaled = settings.method.model_copy(update={"inference_scale": scale})
            model = OpenModel(backbone, texts)
            learner: Method = implementation_of(scaled)(scaled)
            learner.load(model, video_grid(settings), adapters)
            made = generate(settings, machine, model, learner, autoencoder, wanted)
            columns.append([found.frames for found in made])
            counter.advance()
    rows = [list(row) for row in zip(*columns, strict=True)]
    frames = side_by_side(rows, [f"strength {scale:g}" for scale in settings.scales])
    encode(video, frames, settings.sampling.frames_per_second)
    write_middle(figure, frames)
