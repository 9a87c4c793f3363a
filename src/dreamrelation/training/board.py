"""Numbers of a running training for TensorBoard, beside `training.parquet`, which holds them for good."""

from pathlib import Path
from types import TracebackType
from typing import Self

from dreamrelation.tables.rows import TrainingStep


class Board:
    """Writes a training's rows as scalars: losses by role, their terms, held-out losses, rate and pace."""

    def __init__(self, folder: Path, step: int) -> None:
        """`step`: where the training starts or goes on; what was written of later ones is not shown any more."""
        from tensorboardX import SummaryWriter  # only where it is asked for

        # The name of a file has the second in it, and what goes on in the same second must not write over the file.
        self._writer = SummaryWriter(str(folder), purge_step=step, filename_suffix=f".from-{step}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._writer.close()

    def show(self, row: TrainingStep) -> None:
        """Write one step."""
        for name, value in scalars(row).items():
            self._writer.add_scalar(name, value, row.step)


def scalars(row: TrainingStep) -> dict[str, float]:
    """A step's numbers by the names of their charts."""
    return {
        f"loss/{row.role}": row.loss,
        **{f"{name}/{row.role}": value for name, value in row.terms.items()},
        **{f"held_out/noise_level_{level}": value for level, value in row.held_out.items()},
        f"gradient_norm/{row.role}": row.gradient_norm,
        "training/learning_rate": row.learning_rate,
        "training/seconds": row.seconds,
    }
