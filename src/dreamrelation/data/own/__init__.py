"""Clips of one's own: a folder with a sub-folder of videos for each relation."""
