"""The evaluate stage for one method: generated videos → one row per video and measure."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from dreamrelation import tables
from dreamrelation.evaluation.measure import JudgedVideo
from dreamrelation.evaluation.measures import build_measures
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.video import decode


def run(settings: ExperimentSettings, relation: str, method: str, manifest: Path, videos: Path, scores: Path) -> None:
    """Take all measures of the videos of one method and write `tables.SCORES`.

    manifest is a `tables.VIDEOS`, videos the folder that holds its files. Raises ValueError where the manifest is of
    another relation or method, or a file is not the one that it lists, and FileNotFoundError for a missing video.
    """
    listed = tables.read(manifest, tables.VIDEOS).to_pylist()
    if not listed:
        raise ValueError(f"{manifest}: found no video, expected at least one")
    for row in listed:
        if (row["relation"], row["method"]) != (relation, method):
            raise ValueError(
                f"{manifest}: found {row['video']} of {row['relation']} by {row['method']},"
                f" expected {relation} by {method}"
            )
    measures = build_measures(settings.evaluation, relation, _device(settings.model.device))
    rows = []
    for row in listed:
        video = JudgedVideo(
            frames=read_video(row, videos),
            prompt=row["prompt"],
            relation=relation,
            subjects=(row["subject1"], row["subject2"]),
        )
        for measure in measures:
            for score in measure.take(video):
                rows.append(
                    {
                        "video": row["video"],
                        "prompt": row["prompt"],
                        "metric": score.metric,
                        "value": score.value,
                        "detail": score.detail,
                    }
                )
    tables.write(scores, tables.SCORES, rows)


def read_video(row: dict[str, Any], videos: Path) -> np.ndarray:
    """The frames of a manifest's row, (F, H, W, 3) uint8 RGB.

    Raises FileNotFoundError, or ValueError where the file's content or its shape is not what the manifest says.
    """
    path = videos / Path(row["file"]).name
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such video, expected it from the manifest")
    found = tables.file_sha256(path)
    if found != row["sha256"]:
        raise ValueError(f"{path}: found a file with the SHA-256 {found[:12]}…, expected {row['sha256'][:12]}…")
    frames = np.stack(list(decode(path)))
    expected = (row["pixel_frames"], row["height"], row["width"], 3)
    if frames.shape != expected:
        raise ValueError(f"{path}: found frames {frames.shape}, expected {expected}")
    return frames


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)
