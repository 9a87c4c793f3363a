"""NTU RGB+D: names, skeletons, and the two people of a clip."""
