"""The table stage: one of the paper's tables, with this experiment's numbers beside the paper's."""

from dataclasses import asdict, replace
from pathlib import Path

from dreamrelation.errors import UserError
from dreamrelation.metrics.description import Description
from dreamrelation.metrics.score_files import compared, read, without_value
from dreamrelation.metrics.summary import read_summary
from dreamrelation.paper import OURS, TABLES
from dreamrelation.report.comparison import Difference
from dreamrelation.report.paper_tables import FilledTable, write_csv, write_latex, write_markdown
from dreamrelation.report.scores import MeanScore, Metric, Scores, averages_of
from dreamrelation.settings.table_stages import TableStage


def run(*, settings: TableStage, number: str, scores: list[Path], csv: Path, markdown: Path, latex: Path) -> None:
    """Write the table of this number from `{relation}/{method}/scores/{metric}.parquet` of its methods.

    Raises UserError for a table that the paper does not have, or where methods were scored on different prompts.
    """
    if not number.isdecimal() or int(number) not in TABLES:
        raise UserError(f"--number: found {number!r}, expected one of {', '.join(map(str, TABLES))}")
    filled = fill(int(number), scores, settings)
    write_csv(csv, filled)
    write_markdown(markdown, filled)
    write_latex(latex, filled)


def fill(number: int, scores: list[Path], settings: TableStage) -> FilledTable:
    """The table from the files of scores. Raises UserError as `run`."""
    metrics: dict[str, Metric] = {}
    relations: dict[str, Scores] = {}
    for path in scores:
        relation, method = path.parts[-4], path.parts[-3]
        description, found, _ = read_summary(path, settings.intervals, settings.seed)
        metrics.setdefault(description.name, _metric(description))
        score = MeanScore(found.mean, found.low, found.high, found.count, found.missing)
        relations.setdefault(relation, {}).setdefault(method, {})[description.name] = score
    overall = averages_of(list(relations.values()))
    differences: dict[str, dict[str, Difference]] = {}
    for name, found in read(scores).items():
        if without_value(found):
            continue
        result = compared(found, list(overall), settings.intervals, settings.seed)
        for method, mean in result.methods.items():
            overall[method][name] = replace(overall[method][name], mean=mean.mean, low=mean.low, high=mean.high)
        differences[name] = {
            method: Difference(of.mean, of.low, of.high)
            for (first, method), of in result.differences.items()
            if first == OURS
        }
    return FilledTable(
        number=number,
        table=TABLES[number],
        metrics=metrics,
        overall=overall,
        relations=relations,
        differences=differences,
        confidence=settings.intervals.confidence,
        papers_world=settings.papers_world,
    )


def _metric(description: Description) -> Metric:
    return Metric.from_json(
        asdict(description.info) | {"note": description.note, "compares_sets": description.compares_sets}
    )
