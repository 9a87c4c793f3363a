"""How far a set of videos is from a reference set."""
