"""Settings of the report."""

from dreamrelation.settings.base import Count, Settings


class ReportSettings(Settings):
    """What the page shows."""

    exemplars: Count = 5
    """Exemplar clips in each relation's row."""
    papers_world: bool = False
    """Whether model, clips and judge are the paper's, so that its numbers need no mark where they stand beside ours."""
    prompts: Count | None = None
    """Prompts of each relation whose videos are all shown; none: all of them."""
