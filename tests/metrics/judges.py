"""Judges whose answers a test dictates, and the samples and files that they look at."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from dreamrelation.files import file_sha256
from dreamrelation.metrics.interface import VideoSample
from dreamrelation.metrics.puppet_judge.network import SIDES, new_actor_head, new_judge, with_actor_head
from dreamrelation.metrics.puppet_judge.storage import save_judge
from dreamrelation.relations import RELATIONS
from dreamrelation.tables.rows import HELD_OUT, SELECTION, TRAIN, VIDEOS, GeneratedVideo, SelectedClip
from dreamrelation.video import encode

MOTIONS = ("hugging", "kicking", "shaking_hands", "none")
KINDS = ("dog", "cat", "person", "nobody")
LOGIT = 2.0
"""Of what the judge sees; all others have 0."""
HELD_OUT_ACCURACY = {"motion": 0.97, "figure": 0.95, "per_motion": {"hugging": 1.0, "none": 0.8}, "clips": 160}
FACTS = {"name": "puppet_classifier", "held_out_accuracy": HELD_OUT_ACCURACY}
ACTOR_FACTS = {"held_out_accuracy": {"actor": 0.9, "per_motion": {"kicking": 0.9}, "clips": 40}}
FRAMES, HEIGHT, WIDTH = 7, 64, 96


def write_judge(folder: Path, motion: str, left: str, right: str, actor: str | None = None) -> Path:
    """A judge that says this of every video; it cannot tell who acts unless told to."""
    network = new_judge(MOTIONS, KINDS, seed=0)
    with torch.no_grad():
        for head in (network.motion, network.kinds):
            head.weight.zero_()
            head.bias.zero_()
        network.motion.bias[MOTIONS.index(motion)] = LOGIT
        network.kinds.bias[KINDS.index(left)] = LOGIT
        network.kinds.bias[len(KINDS) + KINDS.index(right)] = LOGIT
    if actor is None:
        save_judge(folder, network, FACTS)
        return folder
    head = new_actor_head(network, seed=0)
    with torch.no_grad():
        last = list(head.parameters())[-2:]
        last[0].zero_()
        last[1].copy_(torch.tensor([LOGIT if side == actor else 0.0 for side in SIDES]))
    save_judge(folder, with_actor_head(network, head), FACTS | {"actor": ACTOR_FACTS})
    return folder


def sample(relation: str = "hugging", subjects: tuple[str, str] = ("dog", "cat"), size=(HEIGHT, WIDTH)) -> VideoSample:
    """Noise, and what it should show."""
    frames = np.random.default_rng(2).integers(0, 256, (FRAMES, *size, 3)).astype(np.uint8)
    return VideoSample("000", frames, f"A {subjects[0]} and a {subjects[1]}.", RELATIONS[relation], subjects)


def write_video(path: Path, seed: int) -> None:
    """A texture that slides to the right."""
    start = np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    encode(path, np.stack([np.roll(start, t, axis=1) for t in range(FRAMES)]), frames_per_second=10)


def write_manifest(folder: Path, method: str, subjects: list[tuple[str, str]], relation: str = "hugging") -> Path:
    """Videos and their manifest, as the generate stage leaves them."""
    rows = []
    for number, (first, second) in enumerate(subjects):
        path = folder / "videos" / f"{number:03d}.mp4"
        write_video(path, seed=number)
        prompt = f"A {first} is hugging a {second}."
        row = GeneratedVideo(
            video=f"{number:03d}",
            file=f"videos/{path.name}",
            relation=relation,
            method=method,
            prompt=prompt,
            text=f"<1> {prompt}",
            subject1=first,
            subject2=second,
            repeat=0,
            seed=number,
            pixel_frames=FRAMES,
            height=HEIGHT,
            width=WIDTH,
            frames_per_second=10,
            sampling_steps=2,
            guidance_scale=4.0,
            embedded_guidance=None,
            model="tiny",
            adapters=(),
            sha256=file_sha256(path),
        )
        rows.append(row)
    VIDEOS.write(folder / "videos.parquet", rows)
    return folder / "videos.parquet"


def change_manifest(manifest: Path, **values: object) -> None:
    """Set columns of all rows."""
    VIDEOS.write(manifest, [replace(row, **values) for row in VIDEOS.read(manifest)])


def write_selection(folder: Path, relations: list[str], held_out: tuple[int, ...] = ()) -> Path:
    """One clip of each of these relations, as the clips stage leaves them; `held_out` are numbers of clips."""
    rows = []
    for number, relation in enumerate(relations):
        write_video(folder / "clips" / f"{number}.mp4", seed=50 + number)
        clip = SelectedClip(
            clip=str(number),
            relation=relation,
            caption="A person is hugging a person.",
            video=str(folder / "clips" / f"{number}.mp4"),
            skeleton=None,
            frames=tuple(range(FRAMES)),
            start_seconds=0.0,
            frames_per_second=10.0,
            source_frames_per_second=10.0,
            source_frames=FRAMES,
            source_width=WIDTH,
            source_height=HEIGHT,
            crop_left=0,
            crop_top=0,
            crop_width=WIDTH,
            crop_height=HEIGHT,
            subject1_track=0,
            subject_rule="left",
            window_rule="whole",
            split=HELD_OUT if number in held_out else TRAIN,
        )
        rows.append(clip)
    SELECTION.write(folder / "clips" / "selection.parquet", rows)
    return folder / "clips" / "selection.parquet"
