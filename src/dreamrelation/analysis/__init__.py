"""Analysis: what the model's own weights and activations say about where a relation is."""
