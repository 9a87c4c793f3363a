"""The subspaces stage: similarity of the attention's query, key and value matrices, block by block.

Finished blocks are kept, so that a stopped job goes on with the next one.
"""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np

from dreamrelation.analysis.matrices import AttentionMatrices
from dreamrelation.analysis.subspace_curves import PAIRS, Curve, curves_of
from dreamrelation.analysis.subspace_figure import draw
from dreamrelation.backbones.weights import part_fingerprint, transformer_folder
from dreamrelation.checked_json import append_line, read_lines
from dreamrelation.code_digest import stage_digest
from dreamrelation.devices import choose_device
from dreamrelation.files import fingerprint
from dreamrelation.progress import Progress
from dreamrelation.settings.analysis_stages import SubspacesStage
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.tables.csv_files import write_csv_rows

COLUMNS = ("block", "first", "second", "rank", "similarity", "error", "of_random")
MEAN = "mean"
"""In the column of blocks: the mean over them."""


def run(*, settings: SubspacesStage, machine: MachineSettings, table: Path, figure: Path, unfinished: Path) -> None:
    """Write the curves of all blocks and their means as CSV, and as a figure.

    Reads the three matrices of one block at a time. Raises UserError where the model has none, or they do not fit.
    """
    matrices = AttentionMatrices(transformer_folder(settings.model), settings.model.spec)
    depends_on = fingerprint(
        code=stage_digest("subspaces", settings),
        settings=settings.model_dump(mode="json"),
        weights=part_fingerprint(settings.model, "denoiser"),
    )
    device, blocks = choose_device(machine.device), matrices.blocks()
    known = _kept(unfinished, depends_on)
    curves: list[Curve] = []
    with Progress("subspaces of blocks", len(blocks), done=len(known)) as counter:
        for block in blocks:
            if block not in known:
                known[block] = list(curves_of(matrices, block, settings.subspaces, device))
                _keep(unfinished, depends_on, known[block])
                counter.advance()
            curves += known[block]
    draw(figure, curves, settings.model.spec.title)
    write_csv_rows(table, COLUMNS, _rows(curves))
    unfinished.unlink(missing_ok=True)


def _kept(path: Path, depends_on: str) -> dict[str, list[Curve]]:
    """Block → its curves, as far as they were finished."""
    known: dict[str, list[Curve]] = {}
    for found in read_lines(path):
        if found["depends_on"] == depends_on:
            curves = [Curve(**one | {"similarity": tuple(one["similarity"]), "error": tuple(one["error"])})
                      for one in found["curves"]]  # fmt: skip
            known[curves[0].block] = curves
    return known


def _keep(path: Path, depends_on: str, curves: list[Curve]) -> None:
    append_line(path, {"depends_on": depends_on, "curves": [asdict(curve) for curve in curves]})


def _rows(curves: list[Curve]) -> Iterator[tuple[object, ...]]:
    for curve in [*_means(curves), *curves]:
        for rank, (similarity, error) in enumerate(zip(curve.similarity, curve.error, strict=True), 1):
            of_random = round(rank / curve.dimensions, 6)
            yield curve.block, curve.first, curve.second, rank, similarity, error, of_random


def _means(curves: list[Curve]) -> list[Curve]:
    means = []
    for pair in PAIRS:
        own = [curve for curve in curves if (curve.first, curve.second) == pair]
        values, errors = (np.mean([getattr(c, name) for c in own], axis=0) for name in ("similarity", "error"))
        rounded = (tuple(round(float(value), 6) for value in of) for of in (values, errors))
        means.append(Curve(MEAN, *pair, own[0].dimensions, *rounded))
    return means
