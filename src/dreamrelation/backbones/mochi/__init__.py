"""Mochi 1, by the classes of diffusers."""
