"""Settings of the report."""

from dreamrelation.settings.base import Count, Settings


class ReportSettings(Settings):
    """What the pages show."""

    exemplars: Count = 5
    """Exemplar clips on each relation's page."""
    papers_world: bool = False
    """Whether model, clips and judge are the paper's, so that its numbers need no mark where they stand beside ours."""
    prompts: Count | None = None
    """Prompts of each relation that can be chosen on its page, so that their videos are copied; none: all of them."""
