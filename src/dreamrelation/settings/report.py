"""Settings of the report."""

from dreamrelation.settings.base import Count, Settings


class ReportSettings(Settings):
    """What the page shows."""

    exemplars: Count = 5
    """Exemplar clips in each relation's row."""
    prompts: Count | None = None
    """Prompts of each relation whose videos are all shown; none: all of them."""
