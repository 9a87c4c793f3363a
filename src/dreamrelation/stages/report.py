"""The report stage: pages about the experiment and each relation, and the table of all scores."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from dreamrelation.data.reading import read_frames
from dreamrelation.errors import UserError
from dreamrelation.files import appearing, check_own_folder
from dreamrelation.listings import check_all_listed
from dreamrelation.report.clip_videos import ClipPictures
from dreamrelation.report.inputs import read_results
from dreamrelation.report.score_tables import write_csv
from dreamrelation.report.site import OWN, Site
from dreamrelation.segmentation.run_lengths import stored_masks
from dreamrelation.settings.stages import FrameSize
from dreamrelation.settings.table_stages import ReportStage
from dreamrelation.tables.rows import MaskRow, SelectedClip

NOT_SHOWN = frozenset({"adapters", "export", "report", "samples"})
"""Folders of which no page is made."""
SHOWN_OF = {"tables": ("comparison", "differences"), "study": ("tally",)}
"""Folders of which only files of these names are shown."""


def run(*, settings: ReportStage, results: Path, report: Path, scores_table: Path, threads: int | None = None) -> None:
    """Write the folder `report`, which starts at `index.html`, and the CSV file `scores_table`.

    `results` is `results/{experiment}`; `threads` videos are drawn or copied at a time, one by default. Raises
    UserError that names a missing input, or inputs that do not fit together.
    """
    check_own_folder(report, OWN)
    check_all_listed(results, is_shown)
    experiment = settings.experiment
    found = read_results(experiment, results)
    read_clip = partial(read_pictures, FrameSize.of(experiment.clips))
    with appearing(report) as beside, ThreadPoolExecutor(threads or 1) as workers:
        beside.mkdir(parents=True)
        Site(experiment, found, beside, read_clip, workers).write()
    write_csv(scores_table, found)


def is_shown(path: Path) -> bool:
    """Whether a page is made of a file, by its path in the folder of results."""
    if path.name.endswith(".settings.yaml") or not NOT_SHOWN.isdisjoint(path.parts):
        return False
    return path.stem in SHOWN_OF.get(path.parts[0], (path.stem,))


def read_pictures(size: FrameSize, clip: SelectedClip, masks: list[MaskRow]) -> ClipPictures:
    """A clip's frames and its masks. Raises UserError where one of them is missing or of another size than `size`."""
    found = stored_masks(masks, clip.clip, clip.pixel_frames)
    if found.shape[2:] != (size.height, size.width):
        height, width = found.shape[2:]
        raise UserError(
            f"{clip.clip}: found masks of {height} × {width}, expected {size.height} × {size.width};"
            " run the masks stage again"
        )
    return ClipPictures(read_frames(clip, size.height, size.width), found)
