"""The report stage: one page per experiment, and the table of all scores."""

from pathlib import Path

from dreamrelation.files import appearing
from dreamrelation.report.inputs import read_results
from dreamrelation.report.media import MediaFolder
from dreamrelation.report.page import render
from dreamrelation.report.score_tables import write_csv
from dreamrelation.settings.experiment import ExperimentSettings


def run(settings: ExperimentSettings, results: Path, report: Path, scores_table: Path) -> None:
    """Write the folder `report` with `index.html` and all that it shows, and the CSV file `scores_table`.

    `results` is `results/{experiment}`. Raises FileNotFoundError that names a missing input, or ValueError where
    inputs do not fit together.
    """
    found = read_results(settings, results)
    with appearing(report) as beside:
        beside.mkdir(parents=True)
        page = render(settings, found, MediaFolder(beside))
        (beside / "index.html").write_text(page, encoding="utf-8")
    write_csv(scores_table, found)
