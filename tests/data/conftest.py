"""Bodies and clips made by hand, and the clips stage run on the small theatre."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dreamrelation.data.ntu.skeletons import Body
from dreamrelation.puppets.theatre.poses import ntu_joints, solve, standing_pose
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.settings.stages import ClipsStage
from dreamrelation.stages import clips
from dreamrelation.tables.rows import INDEX, SELECTION, IndexedClip, SelectedClip

PIXELS_PER_METRE = 100.0


@pytest.fixture
def make_body() -> Callable[..., Body]:
    """A standing body, 1.7 m tall, whose place in the picture (x to the right, floor in row 400) follows its metres."""

    def make(body_id: int, x: float = 0.0, wide: bool = False, tracking: int = 2) -> Body:
        flat = 1.7 * ntu_joints(solve(standing_pose(0.0, 1.0)))
        across, up = flat.T[::-1] if wide else flat.T
        positions = np.column_stack([x + across, up, np.full(25, 3.0)])
        colour = PIXELS_PER_METRE * positions[:, :2] * [1.0, -1.0] + [400.0, 400.0]
        return Body(body_id, positions, colour, np.full(25, tracking, np.uint8))

    return make


@pytest.fixture(scope="session")
def staged(
    theatre_settings: ExperimentSettings, theatre: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[IndexedClip], list[SelectedClip]]:
    """Rows of the index and of the selection of the small theatre."""
    folder = tmp_path_factory.mktemp("clips")
    index, selection = folder / "index.parquet", folder / "selection.parquet"
    clips.run(settings=ClipsStage.of(theatre_settings), memo=folder / "memo.jsonl", index=index, selection=selection)
    return INDEX.read(index), SELECTION.read(selection)
