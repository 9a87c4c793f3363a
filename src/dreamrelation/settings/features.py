"""Settings that every extractor of video features has: none but the kind; each kind extends them."""

from dreamrelation.settings.base import Component


class FeatureSettings(Component):
    """A network that describes a video in numbers, by its kind; a part of metrics that compare sets of videos."""
