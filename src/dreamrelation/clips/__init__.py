"""Finding good clips of two people: NTU RGB+D names and skeletons, windows, crops, who is subject 1, the choice."""
