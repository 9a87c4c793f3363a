"""How long the clips stage takes on a data set of NTU RGB+D's size, and how long on its second run.

    python benchmarks/ntu_size.py > benchmarks/results/ntu_size.md

24,732 clips of the 26 mutual actions: videos of 85 frames of 1920 × 1080 pixels in MPEG-4 and skeletons of two people,
written once in a few kinds and linked under all names, so that the tree takes a few megabytes; what the disk would cost
beside is not measured. The tree and the results lie in a folder that is removed afterwards. For scale, the same run
parses one skeleton and decodes one video to its end.
"""

import argparse
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path

import av
import cv2
import numpy as np

from dreamrelation.data.containers import look, prove
from dreamrelation.data.ntu.names import ClipName
from dreamrelation.data.ntu.skeletons import read_skeleton
from dreamrelation.puppets.theatre.ntu_writer import Lens, SensedBody, write_skeleton
from dreamrelation.puppets.theatre.poses import ntu_joints, solve, standing_pose
from dreamrelation.relations import BY_ACTION, RELATIONS
from dreamrelation.settings.data import ClipSettings, NtuData
from dreamrelation.settings.stages import ClipsStage
from dreamrelation.stages import clips

CLIPS = 24_732
FRAMES = 85
FRAMES_PER_SECOND = 30
PICTURE = (1920, 1080)
BODY = 600.0
"""Height of a figure, in pixels."""
KINDS = 8
"""Different videos and skeletons."""


def write_video(path: Path, seed: int) -> None:
    """Something that moves, with noise as cameras make it: about 3 MB, as NTU's videos have."""
    rng = np.random.default_rng(seed)
    width, height = PICTURE
    scene = cv2.resize(rng.integers(0, 256, (27, 48, 3)).astype(np.uint8), PICTURE, interpolation=cv2.INTER_CUBIC)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=FRAMES_PER_SECOND)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = width, height, "yuv420p", 8_000_000
        for number in range(FRAMES):
            noise = rng.integers(0, 8, (height, width, 1)).astype(np.uint8)
            picture = np.roll(scene, 7 * number, axis=1) + noise
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def write_bodies(path: Path, seed: int) -> None:
    """Two people who walk up to each other and back."""
    rng = np.random.default_rng(seed)
    standing = BODY * ntu_joints(solve(standing_pose(0.0, 1.0))) * [1.0, -1.0]
    meeting = int(rng.integers(30, 55))
    frames = []
    for number in range(FRAMES):
        apart = 150 + 8 * abs(number - meeting)
        bodies = []
        for who, side in enumerate((-1, 1)):
            place = [PICTURE[0] / 2 + side * apart, 0.9 * PICTURE[1]]
            pixels = standing + place + rng.normal(0, 1, (25, 2))
            bodies.append(SensedBody(72057594037927937 + who, pixels, rng.uniform(size=25) < 0.9, float(-side)))
        frames.append(bodies)
    write_skeleton(path, frames, Lens(PICTURE, BODY))


def names(count: int) -> list[ClipName]:
    """`count` names, the actions in turn."""
    actions = list(BY_ACTION)
    made = product(range(1, 33), range(1, 4), range(1, 107), range(1, 3), actions)
    return [ClipName(setup, camera, performer, repeat, action) for (setup, camera, performer, repeat, action), _ in
            zip(made, range(count), strict=False)]  # fmt: skip


def write_tree(folder: Path, count: int) -> None:
    """`count` clips that are links to KINDS files."""
    for sub in ("kinds", "videos", "skeletons"):
        (folder / sub).mkdir()
    for kind in range(KINDS):
        write_video(folder / "kinds" / f"{kind}.avi", kind)
        write_bodies(folder / "kinds" / f"{kind}.skeleton", kind)
    for number, name in enumerate(names(count)):
        kind = folder / "kinds" / str(number % KINDS)
        os.link(f"{kind}.avi", folder / "videos" / f"{name.stem}_rgb.avi")
        os.link(f"{kind}.skeleton", folder / "skeletons" / f"{name.stem}.skeleton")


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def median_ms(work: Callable[[], object]) -> float:
    return 1000 * statistics.median(seconds(work) for _ in range(7))


def main(count: int, processes: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_tree(folder, count)
        video, skeleton = folder / "kinds" / "0.avi", folder / "kinds" / "0.skeleton"
        parse, glance = median_ms(lambda: read_skeleton(skeleton)), median_ms(lambda: look(video))
        proof = median_ms(lambda: prove(video, FRAMES))
        settings = ClipsStage(
            seed=0,
            relations=tuple(RELATIONS.values()),
            data=NtuData(videos=str(folder / "videos"), skeletons=str(folder / "skeletons")),
            clips=ClipSettings(),
            frames_per_second=FRAMES_PER_SECOND,
        )

        def run() -> None:
            clips.run(
                settings=settings,
                memo=folder / "memo.jsonl",
                index=folder / "index.parquet",
                selection=folder / "selection.parquet",
                processes=processes,
            )

        first, second = seconds(run), seconds(run)
        memo = (folder / "memo.jsonl").stat().st_size / 1e6
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    everything = count * (parse + proof) / 1000
    print("| | |")
    print("|---|---|")
    print(f"| clips, processes | {count:,}, {processes} |")
    print(f"| one skeleton of {FRAMES} frames is parsed in | {parse:.1f} ms |")
    print(f"| one video's container is looked into in | {glance:.1f} ms |")
    print(f"| one video is decoded to its end in | {proof:.0f} ms |")
    print(f"| first run | {first:.0f} s, {1000 * first * processes / count:.1f} ms of a core a clip |")
    print(f"| second run, nothing changed | {second:.0f} s |")
    print(f"| beside decoding every video, by one process | {everything / first:.0f} times as fast |")
    print(f"| peak memory of the first process | {memory:.0f} MB |")
    print(f"| memo | {memo:.0f} MB |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=CLIPS)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    main(options.clips, options.processes)
