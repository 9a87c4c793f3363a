"""Whether a video file is all there."""

from pathlib import Path

from dreamrelation.errors import UserError
from dreamrelation.video import decode

RIFF_HEADER_BYTES = 8


def check_complete(path: Path) -> None:
    """Raise UserError where an AVI file is shorter than it says: decoders pass over a missing end in silence.

    A size of 0 is what recorders leave that never finished the header; it says nothing.
    """
    with path.open("rb") as file:
        header = file.read(RIFF_HEADER_BYTES)
    size = path.stat().st_size
    if len(header) < RIFF_HEADER_BYTES or header[:4] != b"RIFF":
        raise UserError(f"{path}: found no RIFF header, expected an AVI file")
    promised = int.from_bytes(header[4:], "little") + RIFF_HEADER_BYTES
    if promised > RIFF_HEADER_BYTES and size < promised:
        raise UserError(f"{path}: cut off: found {size} bytes, expected {promised}")


def measure(path: Path) -> tuple[int, tuple[int, int]]:
    """Frames that really decode, and the picture's (width, height).

    Raises UserError where the file is missing, cut off or broken, or its pictures change their size.
    """
    if path.is_file():
        check_complete(path)
    frames, picture = 0, (0, 0)
    for frame in decode(path):
        size = (frame.shape[1], frame.shape[0])
        if frames and size != picture:
            raise UserError(f"{path}: found pictures of {size} after {picture}, expected one size")
        frames, picture = frames + 1, size
    if not frames:
        raise UserError(f"{path}: found no frame")
    return frames, picture
