"""Text embeddings, once per distinct text."""
