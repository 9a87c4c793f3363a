"""Metrics of generated videos: is the relation seen, are the subjects those of the prompt, is the video calm."""
