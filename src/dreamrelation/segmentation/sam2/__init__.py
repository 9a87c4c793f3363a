"""Masks that SAM 2 follows through the clip: identity is kept by its memory."""
