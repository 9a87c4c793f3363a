"""An animation of one prompt per relation, the methods side by side, as README.md shows it.

python -m dreamrelation.report.animation results/puppets docs/demo.gif
"""

import sys
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from dreamrelation.errors import UserError
from dreamrelation.files import appearing
from dreamrelation.tables.rows import VIDEOS
from dreamrelation.video import decode

SCALE = 2
BAR = 18
"""Height in pixels of the line of text above each row and column."""
COLOURS = 96
INK, PAPER = (40, 40, 48), (250, 250, 250)


def video_strip(results: Path, relation: str, methods: list[str], number: int) -> np.ndarray:
    """Videos of the same prompt and noise beside each other, with the prompt above, (F, H, W, 3) uint8 RGB.

    Raises UserError where a method has no `number`-th video, or the methods' are of different prompts.
    """
    videos, prompts = [], set()
    for method in methods:
        folder = results / relation / method
        rows = VIDEOS.read(folder / "videos.parquet")
        if not 0 <= number < len(rows):
            raise UserError(f"{folder / 'videos.parquet'}: found {len(rows)} videos, asked for number {number}")
        prompts.add(rows[number].prompt)
        videos.append(np.stack(list(decode(folder / rows[number].file))))
    if len(prompts) != 1:
        raise UserError(f"{results / relation}: the methods' videos {number} have the prompts {sorted(prompts)}")
    prompt = prompts.pop()
    large = np.concatenate(videos, axis=2).repeat(SCALE, axis=1).repeat(SCALE, axis=2)
    return np.stack([np.concatenate([text_bar(prompt, frame.shape[1]), frame]) for frame in large])


def text_bar(text: str, width: int) -> np.ndarray:
    """A line of text, (BAR, width, 3) uint8 RGB."""
    bar = np.full((BAR, width, 3), PAPER, np.uint8)
    return cv2.putText(bar, text, (4, BAR - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.4, INK, 1, cv2.LINE_AA)


def main(results: Path, picture: Path, number: int = 0) -> None:
    """Write a looping GIF of the `number`-th video of each relation and method."""
    relations = sorted(path.parent.name for path in results.glob("*/evaluation.json"))
    if not relations:
        raise UserError(f"{results}: found no evaluation.json, expected the results of a finished run")
    methods = sorted(path.parent.name for path in (results / relations[0]).glob("*/videos.parquet"))
    rows = np.concatenate([video_strip(results, relation, methods, number) for relation in relations], axis=1)
    column = rows.shape[2] // len(methods)
    heading = np.concatenate([text_bar(method, column) for method in methods], axis=1)
    pictures = [Image.fromarray(np.concatenate([heading, frame])) for frame in rows]
    frames = [picture.quantize(COLOURS, dither=Image.Dither.NONE) for picture in pictures]
    with appearing(picture) as beside:
        frames[0].save(beside, save_all=True, append_images=frames[1:], duration=100, loop=0)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        raise SystemExit("usage: python -m dreamrelation.report.animation RESULTS GIF [NUMBER]")
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:]))
    except UserError as error:
        raise SystemExit(str(error)) from None
