"""The page of an experiment: clips, masks, generated videos, curves and scores, side by side."""
