"""Clips of two people: windows, crops, who is subject 1, the choice, and reading what was chosen."""
