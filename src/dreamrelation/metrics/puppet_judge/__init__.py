"""Metrics by the puppet judge, a small network that comes with the theatre."""
