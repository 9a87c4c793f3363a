"""Masks without weights, from skeletons and colours."""
