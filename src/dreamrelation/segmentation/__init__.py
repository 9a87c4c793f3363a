"""Masks of the two subjects: segmenters behind one interface, who is who, and whether masks can be believed."""
