"""The theatre draws: figures, motions, rooms, and the files of a data set in NTU RGB+D's own way."""
