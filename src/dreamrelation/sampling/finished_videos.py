"""Videos that are finished while others of the same job are not: a stopped job goes on with those that are missing.

They lie apart from the outputs, which Snakemake deletes when a job fails, each with what made it beside it.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from dreamrelation.files import LOCK, appearing, file_sha256, held
from dreamrelation.tables.rows import GeneratedVideo


class FinishedVideos:
    """Those in a folder that a job holds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows = {row.video: row for row in _whole(folder)}

    def path(self, name: str) -> Path:
        """Where the file of a video is to be written."""
        return self.folder / f"{name}.mp4"

    def keep(self, row: GeneratedVideo) -> None:
        """Note down that a video is finished; its file is there already."""
        with appearing(self.folder / f"{row.video}.json") as beside:
            beside.write_text(json.dumps(asdict(row)), encoding="utf-8")
        self.rows[row.video] = row

    def deliver(self, names: list[str], folder: Path) -> list[GeneratedVideo]:
        """Copy the files of these videos to a new folder, in the place of an old one; gives their rows."""
        with appearing(folder) as beside:
            beside.mkdir()
            for name in names:
                shutil.copyfile(self.path(name), beside / self.path(name).name)
        return [self.rows[name] for name in names]


@contextmanager
def finished_videos(folder: Path, depends_on: str) -> Iterator[FinishedVideos]:
    """What is finished of a job that depends on this; removed when the block ends well.

    Videos that were made of something else have a folder of their own beside it, which stays. Raises UserError where
    another job holds the folder.
    """
    own = folder / depends_on
    with held(own, "generation"):
        finished = FinishedVideos(own)
        yield finished
        for name in finished.rows:
            (own / f"{name}.json").unlink()
            finished.path(name).unlink()
    (own / LOCK).unlink(missing_ok=True)
    for empty in (own, folder):
        if not any(empty.iterdir()):
            empty.rmdir()


def _whole(folder: Path) -> Iterator[GeneratedVideo]:
    """Rows whose files are what they say; others are made again."""
    for path in sorted(folder.glob("*.json")):
        row = json.loads(path.read_text(encoding="utf-8"))  # written atomically
        row["adapters"] = tuple(row["adapters"])
        found = GeneratedVideo(**row)
        video = folder / f"{found.video}.mp4"
        if video.is_file() and file_sha256(video) == found.sha256:
            yield found
