"""Masks that are there already, as other tools write them: PNG frames in a folder for each clip."""
