"""Settings that every segmenter and every detector has: none but the kind; each kind extends them."""

from dreamrelation.settings.base import Component


class SegmenterSettings(Component):
    """Who finds the two subjects' pixels, by its kind."""


class DetectorSettings(Component):
    """Who finds boxes, by its kind; a part of segmenters that need one."""
