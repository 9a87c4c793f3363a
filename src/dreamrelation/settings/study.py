"""Settings of the blind user study."""

from typing import Annotated

from pydantic import Field, field_validator

from dreamrelation.settings.base import Count, Name, Settings, Share

CONSENT = """\
You will see groups of short videos that computer programs made, and say which of them you find best. There are no
right answers. We keep your answers and the time of each, and neither your name nor your address. You may stop whenever
you like, go on later with the same link, see what we keep about you, and have it deleted.\
"""


class StudySettings(Settings):
    """Videos of several methods side by side, without their names, and people who say which they find best."""

    methods: Annotated[tuple[Name, ...], Field(min_length=2, max_length=8)] | None = None
    """Compared ones, as the experiment names them; `None`: all of it."""
    groups: Count | None = None
    """So many groups, spread evenly over the relations and then over their prompts; `None`: one for each prompt and
    repeat. The paper has 180."""
    raters: Count = 15
    """So many people are invited, and so many rate each group."""
    groups_per_rater: Count | None = None
    """So many groups each of them is shown; `None`: all."""
    checks: Annotated[int, Field(ge=0, le=100)] = 4
    """Groups with an evident answer that each rater is shown in between: all of its videos but one are spoilt."""
    minimum_checks_passed: Share = 0.75
    """Raters who saw the evident answer in a smaller share of them are left out of the tally, and said."""
    repeats: Share = 0.05
    """Share of a rater's groups that come once more, in another order, to see how steady the answers are."""
    which_show: bool = False
    """Also ask which of the videos show the relation at all: yes or no for each, by which a judge is calibrated."""
    lease_minutes: Annotated[float, Field(gt=0, le=1440)] = 20.0
    """A group that is shown and not answered for so long may be given to somebody else."""
    consent: Annotated[str, Field(min_length=1, max_length=10_000)] = CONSENT
    """What people agree to before they begin; an empty line begins a new paragraph."""
    contact: Annotated[str, Field(max_length=200)] = ""
    """Whom they can ask, below that."""

    @field_validator("methods")
    @classmethod
    def _each_once(cls, methods: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if methods is not None and len(set(methods)) != len(methods):
            raise ValueError(f"methods names one twice: {list(methods)}")
        return methods
