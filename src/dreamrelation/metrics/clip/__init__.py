"""Metrics by CLIP."""
