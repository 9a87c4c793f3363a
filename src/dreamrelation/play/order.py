"""What can be ordered, and an order."""

from dataclasses import dataclass


@dataclass(frozen=True)
class OfferedMethod:
    """A method of the experiment."""

    name: str
    label: str
    learns: bool
    """Whether it is anything but the base model."""
    has_strength: bool
    """Whether what it learned can be applied more or less strongly."""
    missing: str | None = None
    """Why it cannot be used, as a sentence; `None`: it can."""
    command: str | None = None
    """What would make it usable."""


@dataclass(frozen=True)
class Offer:
    """What the form shows, and what an order may say."""

    experiment: str
    relation: str
    """Its name in paths."""
    sentence: str
    """What a video shows, with places for the subjects, such as "A … is hugging a …"."""
    model: str
    methods: tuple[OfferedMethod, ...]
    subjects: tuple[str, ...]
    """Those of the experiment, to choose from; any others may be typed."""
    steps: int
    """Steps of sampling, as the experiment has them."""
    first: "Order"
    """What the form asks for at the beginning."""

    @property
    def usable(self) -> tuple[str, ...]:
        """Names of the methods that can be used, in their order."""
        return tuple(method.name for method in self.methods if method.missing is None)


@dataclass(frozen=True)
class Order:
    """One request for videos: each method's, from the same noise."""

    subjects: tuple[str, str]
    place: str | None
    methods: tuple[str, ...]
    seed: int
    """Of the noise, as the report shows it beside a video."""
    strength: float
    """How strongly adapters are applied, as a multiple of what the experiment sets; 0: the base model."""
    steps: int
    """Of sampling."""


MOST_STRENGTH = 2.0
MOST_SEED = 2**63 - 1
