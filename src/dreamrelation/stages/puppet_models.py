"""The puppet_models stage: the models that come with the repository, trained from nothing."""

import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

from dreamrelation.backbones.mochi.backbone import Mochi
from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.errors import UserError
from dreamrelation.files import appearing
from dreamrelation.metrics.puppet_judge.network import new_actor_head, new_judge, with_actor_head
from dreamrelation.metrics.puppet_judge.storage import load_judge, save_judge
from dreamrelation.puppets.models.figure_pictures import FigurePictures, clips_of, render_pictures
from dreamrelation.puppets.models.judge_clips import JUDGED_KINDS, JUDGED_MOTIONS, held_out_world, training_world
from dreamrelation.puppets.models.small_segmenters import (
    ARCHITECTURE,
    CONFIG,
    TEXT_ENCODER,
    WEIGHTS,
    write_grounding_dino_files,
    write_sam_files,
)
from dreamrelation.puppets.models.train_actor import ActorTraining, train_actor_head
from dreamrelation.puppets.models.train_grounding_dino import (
    GroundingDinoTraining,
    held_out_boxes,
    train_grounding_dino,
)
from dreamrelation.puppets.models.train_judge import JudgeTraining, RoundTrip, train_judge
from dreamrelation.puppets.models.train_mochi import train_mochi
from dreamrelation.puppets.models.train_sam import SamTraining, held_out_iou, train_sam
from dreamrelation.puppets.models.training_loop import TrainingState, announcing_saver, stored, training_report
from dreamrelation.segmentation.detectors.grounding_dino import build_detector
from dreamrelation.segmentation.detectors.settings import GroundingDinoSettings
from dreamrelation.segmentation.grounded_sam.architecture import build_sam
from dreamrelation.settings.machine import MachineSettings


def run(*, output: Path, work: Path, only: Sequence[str] = ()) -> None:
    """Train the models into folders of `output`, all of PARTS or `only` some of them; takes hours on two cores.

    States of unfinished trainings go to `work`, from which a stopped run goes on. Raises UserError where a part needs
    another one that is not there, or there is no such part.
    """
    unknown = [name for name in only if name not in PARTS]
    if unknown:
        raise UserError(f"--only: found {unknown[0]!r}, expected some of {', '.join(PARTS)}")
    for name, train in PARTS.items():
        if name in only or not only:
            train(output, work)


def mochi(output: Path, work: Path) -> None:
    """The small Mochi."""
    train_mochi(output / "mochi", work)


def judge(output: Path, work: Path) -> None:
    """The judge, on clips of its own world and on what the small Mochi's autoencoder makes of them."""
    settings = JudgeTraining()
    network = new_judge(JUDGED_MOTIONS, JUDGED_KINDS, settings.seed)
    report = train_judge(network, settings, round_trip_of(output / "mochi"), _announce)
    save_judge(output / "judge", network, report)


def actor_head(output: Path, work: Path) -> None:
    """The judge's head for who acts; all its other weights and facts stay.

    Raises UserError where the folder holds no judge.
    """
    settings = ActorTraining()
    network, facts = load_judge(output / "judge")
    head = new_actor_head(network, settings.seed)
    facts["actor"] = train_actor_head(network.actor_features, head, settings, _announce)
    save_judge(output / "judge", with_actor_head(network, head), facts)


def grounding_dino(output: Path, work: Path) -> None:
    """The small Grounding DINO, on pictures of the judge's training world."""
    settings, folder = GroundingDinoTraining(), output / "grounding_dino"
    write_grounding_dino_files(folder)
    torch.manual_seed(settings.seed)
    config, text_encoder = str(folder / CONFIG), str(folder / TEXT_ENCODER)
    detector = build_detector(GroundingDinoSettings(config=config, text_encoder=text_encoder))
    pictures = training_pictures(work, range(settings.clips), settings.seed)
    train = partial(train_grounding_dino, detector, pictures, settings)
    _train_on_pictures(detector, settings, train, held_out_boxes, folder, work)


def sam(output: Path, work: Path) -> None:
    """The small SAM, on the same pictures."""
    settings, folder = SamTraining(), output / "sam"
    write_sam_files(folder)
    torch.manual_seed(settings.seed)
    model = build_sam(str(folder / ARCHITECTURE))
    pictures = training_pictures(work, range(settings.clips), settings.seed)
    embraces = training_pictures(work, clips_of("hugging", settings.clips, settings.embraces), settings.seed)
    train = partial(train_sam, model, pictures, embraces, settings)
    _train_on_pictures(model, settings, train, held_out_iou, folder, work)


def _train_on_pictures(
    model: nn.Module,
    settings: Any,
    train: Callable[..., TrainingState],
    measure: Callable[..., dict[str, Any]],
    folder: Path,
    work: Path,
) -> None:
    """Train a model, or go on, and save it with what is measured in a world that it has not seen."""
    path = work / f"{folder.name}.pt"
    saver = announcing_saver(path, settings.steps, TrainingState)
    state = train(stored(path, TrainingState), saver)
    held_out = render_pictures(held_out_world(settings.seed), range(settings.held_out_clips), _announce)
    _save(folder, model, training_report(settings, state) | {"held_out": measure(model, held_out, settings)})


PARTS: dict[str, Callable[[Path, Path], None]] = {
    part.__name__: part for part in (mochi, judge, actor_head, grounding_dino, sam)
}
"""What is trained, in order: the judge needs the Mochi, and its head the judge."""


def training_pictures(work: Path, clips: range, seed: int) -> FigurePictures:
    """Pictures of some clips of the judge's training world, from `work` where they are there."""
    path = work / f"pictures_of_{len(clips)}_clips_from_{clips.start}.npz"
    if not path.is_file():
        pictures = render_pictures(training_world(seed), clips, _announce)
        with appearing(path) as beside:
            np.savez(beside, **vars(pictures))
    with np.load(path) as content:
        return FigurePictures(**content)


def _save(folder: Path, model: nn.Module, report: dict[str, Any]) -> None:
    """Weights, half of whose digits are enough, and what is told of their training."""
    weights = {name: value.half() if value.is_floating_point() else value for name, value in model.state_dict().items()}
    with appearing(folder / WEIGHTS) as beside:
        save_file({name: value.contiguous() for name, value in weights.items()}, beside)
    with appearing(folder / "training_report.json") as beside:
        beside.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def round_trip_of(mochi: Path) -> RoundTrip:
    """What a small Mochi's autoencoder makes of frames (F, H, W, 3) uint8."""
    autoencoder = Mochi(
        MochiSettings.model_validate({"path": str(mochi), "precision": "float32"}), MachineSettings(device="cpu")
    ).autoencoder()

    def round_trip(frames: np.ndarray) -> np.ndarray:
        posterior = autoencoder.encode(frames[None])
        return autoencoder.decode(autoencoder.normalise(posterior.mean))[0]

    return round_trip


def _announce(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
