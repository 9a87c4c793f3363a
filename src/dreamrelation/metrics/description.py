"""How a score table says which metric it holds, so that whoever sums it up or shows it need not know the metric."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from dreamrelation.errors import UserError
from dreamrelation.metrics.interface import Confusion, MetricInfo

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
    confusions: tuple[Confusion, ...] = ()
    """How it does where the truth is known."""

    def metadata(self) -> dict[str, str]:
        """For `Table.write`."""
        return {KEY: json.dumps(asdict(self))}

    @classmethod
    def of(cls, metadata: dict[str, str], path: Path) -> Self:
        """From what `Table.read_with_metadata` gives. Raises UserError where the file, `path`, tells no metric."""
        try:
            found = json.loads(metadata[KEY])
            confusions = tuple(_confusion(one) for one in found.get("confusions", ()))
            return cls(found["name"], MetricInfo(**found["info"]), found["note"], found["compares_sets"], confusions)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            reason = f"found no description of its metric ({error!r})"
            raise UserError(f"{path}: {reason}: it was written by another version; run its stage again") from None


def _confusion(found: dict[str, Any]) -> Confusion:
    """With tuples in place of JSON's lists, so that it equals the one that was written."""
    return Confusion(found["title"], tuple(found["classes"]), tuple(tuple(row) for row in found["counts"]))
