"""Measuring generated clips: is the relation seen, are the subjects those of the prompt, is the film calm."""
