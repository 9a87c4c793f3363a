"""The compare stage: the scores of all relations → each method's mean, and the differences between any two methods."""

import sys
from pathlib import Path

from dreamrelation.metrics.score_files import compared, read, without_value
from dreamrelation.progress import progress
from dreamrelation.settings.table_stages import CompareStage
from dreamrelation.tables.comparison import COMPARISON, DIFFERENCES
from dreamrelation.tables.csv_files import write_csv_rows


def run(*, settings: CompareStage, scores: list[Path], comparison: Path, differences: Path) -> None:
    """Write two CSV files from `{relation}/{method}/scores/{metric}.parquet`.

    A metric that compares sets has no values of single videos and is left out, and so is one of which a method has no
    value in a relation, with a line in the log; what there is of them is in `tables/scores.csv`. Raises UserError where
    methods were scored on different prompts.
    """
    lines: list[tuple[object, ...]] = []
    pairs: list[tuple[object, ...]] = []
    taken = read(scores)
    for metric, found in progress(list(taken.items()), len(taken), "comparing methods"):
        methods = list(next(iter(found.values.values())))
        lacking = without_value(found)
        if lacking:
            print(f"{metric} is not compared: no value of {'; '.join(lacking)}", file=sys.stderr)
            continue
        result = compared(found, methods, settings.intervals, settings.seed)
        info = found.description.info
        for method in methods:
            mean = result.methods[method]
            videos = sum(len(values) for of in found.values.values() for values in of[method].values())
            about = (metric, info.unit, info.better or "", method)
            lines.append((*about, mean.mean, mean.low, mean.high, len(found.values), videos, found.missing[method]))
        pairs += [(metric, *names, of.mean, of.low, of.high) for names, of in result.differences.items()]
    write_csv_rows(comparison, COMPARISON, lines)
    write_csv_rows(differences, DIFFERENCES, pairs)
