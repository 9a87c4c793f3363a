"""Prompt embeddings, once per distinct text."""
