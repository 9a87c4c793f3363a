"""Masks that SAM 3 finds by a word and follows through a clip."""
