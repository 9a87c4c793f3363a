"""Metrics by DINO."""
