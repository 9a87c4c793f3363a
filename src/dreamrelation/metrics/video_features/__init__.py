"""Networks that describe a video in numbers."""
