"""Detectors, which several segmenters may share."""
