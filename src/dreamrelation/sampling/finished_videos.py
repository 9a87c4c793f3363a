"""Videos that are finished while others of the same job are not: a stopped job goes on with those that are missing.

They lie apart from the outputs, which Snakemake deletes when a job fails, each with what made it beside it.
"""

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from dreamrelation.checked_json import line_of, read_lines
from dreamrelation.files import LOCK, appearing, file_sha256, held
from dreamrelation.processes import is_main_process
from dreamrelation.tables.rows import GeneratedVideo

SECONDS_BETWEEN_LOOKS = 0.5


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
            beside.write_text(line_of(asdict(row)), encoding="utf-8")
        self.rows[row.video] = row

    def wait_for(self, names: list[str]) -> None:
        """Wait until these videos are finished, by other processes of the job, which whoever started them watches."""
        while not all((self.folder / f"{name}.json").is_file() for name in names):
            time.sleep(SECONDS_BETWEEN_LOOKS)
        self.rows = {row.video: row for row in _whole(self.folder)}

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

    Videos that were made of something else have a folder of their own beside it, which stays. Of several processes of a
    job the main one holds the folder and removes it. Raises UserError where another job holds it.
    """
    own = folder / depends_on
    if not is_main_process():
        own.mkdir(parents=True, exist_ok=True)
        yield FinishedVideos(own)
        return
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
        for row in read_lines(path):
            row["adapters"] = tuple(row["adapters"])
            found = GeneratedVideo(**row)
            video = folder / f"{found.video}.mp4"
            if video.is_file() and file_sha256(video) == found.sha256:
                yield found
            else:
                print(f"{video}: is not the video that was finished; it is made again", file=sys.stderr)
