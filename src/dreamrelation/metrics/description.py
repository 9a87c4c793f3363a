"""How a score table says which metric it holds, so that whoever sums it up or shows it need not know the metric."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from dreamrelation.errors import UserError
from dreamrelation.metrics.interface import MetricInfo

KEY = "metric"
"""In the metadata of a table of scores."""


@dataclass(frozen=True)
class Description:
    """A metric as its scores' table carries it along."""

    name: str
    """As the experiment calls it."""
    info: MetricInfo
    note: str
    """How it was taken: which network, how good it is."""
    compares_sets: bool
    """Whether it says one number of all videos together."""

    def metadata(self) -> dict[str, str]:
        """For `Table.write`."""
        return {KEY: json.dumps(asdict(self))}

    @classmethod
    def of(cls, metadata: dict[str, str], path: Path) -> Self:
        """From what `Table.read_with_metadata` gives. Raises UserError where the file, `path`, tells no metric."""
        try:
            found = json.loads(metadata[KEY])
            return cls(found["name"], MetricInfo(**found["info"]), found["note"], found["compares_sets"])
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            reason = f"found no description of its metric ({error!r})"
            raise UserError(f"{path}: {reason}: it was written by another version; run its stage again") from None
