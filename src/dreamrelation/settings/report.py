"""Settings of the report."""

from dreamrelation.settings.base import Count, Settings


class ReportSettings(Settings):
    """What the page shows."""

    exemplars: Count = 5
    """Exemplar clips in each relation's row."""
